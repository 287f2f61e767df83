import * as z from 'zod';
import { PURPOSES } from './purposes.ts';

/** Schemas apart from the purposes themselves: a function that checks no input is spared the library. */
export const purposeSchema = z.enum(PURPOSES);
export const consentChoicesSchema = z.partialRecord(purposeSchema, z.boolean());
