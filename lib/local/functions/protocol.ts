/** Messages between the region and the workers in which functions run. Events and responses travel as JSON text, as
 * they do in Lambda, so nothing passes that the real service would not pass. */

export interface WorkerStart {
  readonly bundleFolder: string;
  /** As in the template: `<file>.<export>`. */
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly sourceMaps: boolean;
  /** Port of each local endpoint, to its IAM service prefix. */
  readonly servicesByPort: Readonly<Record<string, string>>;
  /** One number, shared: ms that the region's time is ahead of the machine's. */
  readonly ahead: Float64Array;
}

export interface InvokeMessage {
  readonly requestId: string;
  readonly event: string;
  readonly deadlineMs: number;
}

export interface CallReport {
  /** Calls by `service:operation`. */
  readonly calls: Readonly<Record<string, number>>;
  /** IAM actions that those calls needed. */
  readonly actions: readonly string[];
}

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export type WorkerMessage =
  | { readonly kind: 'ready'; readonly report: CallReport }
  | { readonly kind: 'unusable'; readonly error: FunctionError }
  | { readonly kind: 'done'; readonly response: string | undefined; readonly report: CallReport }
  | { readonly kind: 'failed'; readonly error: FunctionError; readonly report: CallReport };
