/** What the person at the keyboard can put right: shown as one line, without a stack, and the command exits 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The template asks for something that the local region cannot do. Names the resource by its logical id. */
export class TemplateError extends UserError {
  readonly logicalId: string;
  constructor(logicalId: string, message: string) {
    super(message);
    this.logicalId = logicalId;
  }
}
