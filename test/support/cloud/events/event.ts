/** What happened, as EventBridge carries it. */
export interface CloudEvent {
  readonly 'version': '0';
  readonly 'id': string;
  readonly 'detail-type': string;
  readonly 'source': string;
  readonly 'account': string;
  /** ISO 8601, in whole seconds. */
  readonly 'time': string;
  readonly 'region': string;
  readonly 'resources': readonly string[];
  readonly 'detail': object;
}

/** Where an event of a rule goes, as PutTargets has it. */
export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly Input?: string;
  readonly InputPath?: string;
  readonly InputTransformer?: { readonly InputPathsMap?: { readonly [name: string]: string }; readonly InputTemplate: string };
}

export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly description?: string;
  /** JSON text. */
  readonly pattern?: string;
  readonly schedule?: string;
  readonly enabled: boolean;
  readonly targets: readonly Target[];
}
