import * as z from 'zod';
import { CONTACT_CHANNELS } from '../../contracts/signal.ts';

/** How the customer reached us; `call` and `web form` are what desks write for two of them. */
export const channel = z
  .string()
  .transform((written) => written.trim().toLowerCase())
  .transform((written) => ({ call: 'phone', 'web form': 'web', mail: 'email' })[written] ?? written)
  .pipe(z.enum(CONTACT_CHANNELS));
