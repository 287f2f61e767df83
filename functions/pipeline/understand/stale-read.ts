/** What was read does not fit together, since somebody is writing: read again. */
export class StaleReadError extends Error {
  override readonly name = 'StaleReadError';
}
