import * as z from 'zod';
import { CONSENT_DEPTHS, PURPOSES } from './purposes.ts';

/** Schemas apart from the purposes themselves: a function that checks no input is spared the library. */
export const purposeSchema = z.enum(PURPOSES);
export const consentDepthSchema = z.enum(CONSENT_DEPTHS);
export const consentChoicesSchema = z.partialRecord(
  purposeSchema,
  z.union([z.boolean(), consentDepthSchema]),
);

/** A code and no free text: the version of a notice, or the system or role that recorded something. */
export const consentCodeSchema = z.string().regex(/^[\w.:/-]{1,40}$/);
/** BCP 47, such as `de` or `pt-BR`. */
export const languageSchema = z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/);
