import { Callbacks, CALLBACK_PATH } from './callbacks';
import { CHANGE_SET_CALLS } from './calls/change-sets';
import { READING_CALLS } from './calls/reading';
import type { StackActions } from './calls/stack-call';
import { STACK_CALLS } from './calls/stacks';
import { Operations } from './operations';
import { StackStore } from './stack-store';
import { ApiError } from '../protocol/api-error';
import { decodeQuery, Parameters } from '../protocol/query';
import { renderAnswer } from '../protocol/query-answer';
import type { ServiceSurroundings } from '../service-surroundings';
import type { CloudSettings } from '../settings';

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** Every action of CloudFormation, by name. */
export const CLOUDFORMATION_ACTIONS: ReadonlyMap<string, StackActions[string]> = new Map(Object.entries({
  ...STACK_CALLS, ...CHANGE_SET_CALLS, ...READING_CALLS,
}));

/** A call as it came. */
export interface CloudFormationCall {
  readonly action: string;
  readonly account: string;
  readonly region: string;
  readonly accessKey: string;
  readonly body: string;
}

/** CloudFormation: makes what templates say by calls of the endpoint, as anybody else would. */
export class CloudFormation {
  private readonly store = new StackStore();
  private readonly callbacks: Callbacks;
  private readonly operations: Operations;

  constructor(private readonly surroundings: ServiceSurroundings, private readonly settings: Pick<CloudSettings, 'stackPatienceMs'>) {
    this.callbacks = new Callbacks(() => surroundings.endpoint());
    this.operations = new Operations(surroundings, this.callbacks, this.store);
    surroundings.paths.set(CALLBACK_PATH, ({ incoming }, response) => this.callbacks.serve(incoming, response));
  }

  /** Answers with XML. */
  async answer({ action, account, region, accessKey, body }: CloudFormationCall, requestId: string): Promise<string> {
    const act = CLOUDFORMATION_ACTIONS.get(action);
    if (!act) { throw new ApiError('InvalidAction', `Could not find operation ${action} for version 2010-05-15`); }
    const credentials = { accessKeyId: accessKey, secretAccessKey: '', sessionToken: '', expiration: '' };
    const result = await act({
      account,
      region,
      input: new Parameters(decodeQuery(body)),
      place: this.store.of({ account, region }),
      operations: this.operations,
      surroundings: this.surroundings,
      caller: { endpoint: this.surroundings.endpoint(), region, credentials },
      patienceMs: this.settings.stackPatienceMs,
    });
    return renderAnswer(action, NAMESPACE, result, requestId);
  }

  /** Forgets all stacks, and what goes on in them. */
  async reset(): Promise<void> {
    await this.operations.reset();
    this.callbacks.clear();
    this.store.clear();
  }
}
