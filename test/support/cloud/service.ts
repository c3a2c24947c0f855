import type { IncomingMessage, ServerResponse } from 'http';

/** A service of the emulated cloud whose calls the server has decoded and logged, and applied faults and policies to. */
export interface Service {
  /** Names of the actions that it answers. */
  readonly actions: ReadonlySet<string>;
  /** Throws `ApiError` (protocol/api-error.ts) for a coded error. */
  handle(call: ServiceCall): Promise<ServiceAnswer>;
  /** Forgets everything, and ends what runs. */
  reset(): Promise<void>;
}

export interface ServiceCall {
  readonly action: string;
  readonly account: string;
  readonly region: string;
  readonly input: { readonly [name: string]: unknown };
}

export interface ServiceAnswer {
  /** An object is written as JSON. */
  readonly body: object | Buffer;
  /** @default 200 */
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
}

/** Paths of the endpoint that are asked for without a signature: a URL that was handed out is all that a caller needs. */
export type OpenPaths = Map<string, OpenPath>;

/** Answers a request below a path such as `/credentials/`; `rest` is what follows it. */
export type OpenPath = (request: OpenRequest, response: ServerResponse) => void | Promise<void>;

export interface OpenRequest {
  readonly incoming: IncomingMessage;
  readonly rest: string;
  readonly query: URLSearchParams;
}

export function answer(body: object, status = 200): ServiceAnswer {
  return { body, status };
}
