import type { Cloud } from '../../support/cloud/cloud';
import type { CloudClients } from '../cloud-clients';

export interface CaseContext {
  readonly cloud: Cloud;
  readonly to: CloudClients;
}

/** Shows what a call does, by `service:action`. */
export type Cases = { readonly [call: string]: (context: CaseContext) => Promise<void> };

/** The code that a call fails with; what it answers instead is a failure of the test. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    (answer) => { throw new Error(`it succeeded: ${JSON.stringify(answer)}`); },
    (error: Error) => error.name,
  );
}
