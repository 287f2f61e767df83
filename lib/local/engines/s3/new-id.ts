import { randomBytes } from 'node:crypto';

/** An id for a body, a version or an upload: unguessable, and fit for a file name. */
export const newId = (): string => randomBytes(24).toString('base64url');
