/** How the cloud behaves. Tests change it while it runs; `reset` brings back what it was started with. */
export interface CloudSettings {
  /** How long states take at least, in milliseconds. */
  durations: {
    pending: number;
    stopping: number;
    shuttingDown: number;
    image: number;
    snapshot: number;
    copy: number;
  };
  /** Answers wait for what they begin: where states take no time, the next look sees its end, as with moto alone. */
  settled: boolean;
  /** For so long after its creation nobody finds a resource, in milliseconds. */
  consistencyMs: number;
  /** For so long after its creation an instance profile cannot be launched with. */
  profileMs: number;
  /** For so long after its start an instance is not known to Systems Manager. */
  ssmOnlineMs: number;
  /** For so long after it was asked for, a parameter that names an AMI is not written. */
  parameterMs: number;
  /** For so long an answer about a stack waits for what goes on in it, in milliseconds: deployment tools look only every few seconds. */
  stackPatienceMs: number;
  /** Requests are counted by EC2's buckets. */
  buckets: boolean;
  /** What no caller may do: `ec2:CopyImage`, `ssm:*`, with a region `ec2:CopyImage@eu-west-1`. */
  denied: string[];
  /** Of what there is none: each names what it is about. */
  noCapacity: { instanceType?: string; zone?: string; market?: 'spot' | 'on-demand' }[];
  /** Lifetime of the credentials of AssumeRole, whatever the caller asks for. */
  credentialSeconds?: number;
  /** How far the clock of AWS is ahead of that of this computer, in milliseconds. Requests that are dated otherwise are refused. */
  clockAheadMs: number;
  /** Answers say what time it is. */
  datedAnswers: boolean;
  blockPublicImages: boolean;
  /** Regions in which all volumes are encrypted, whether or not it is asked for. */
  encryptionByDefault: readonly string[];
  /** What encrypts where no key is named: ID, alias or ARN. */
  defaultKey: string;
  /** After how many milliseconds the connection of a call that "times out" is cut. */
  timeoutMs: number;
}

export const DEFAULT_SETTINGS: CloudSettings = {
  durations: { pending: 20, stopping: 20, shuttingDown: 20, image: 30, snapshot: 30, copy: 30 },
  settled: false,
  consistencyMs: 0,
  profileMs: 0,
  ssmOnlineMs: 0,
  parameterMs: 0,
  stackPatienceMs: 10_000,
  buckets: false,
  denied: [],
  noCapacity: [],
  clockAheadMs: 0,
  datedAnswers: true,
  blockPublicImages: false,
  encryptionByDefault: [],
  defaultKey: 'alias/aws/ebs',
  timeoutMs: 0,
};

/** What waits take on AWS, roughly: for use by hand. */
export const LIFELIKE_DURATIONS: CloudSettings['durations'] = {
  pending: 5_000, stopping: 8_000, shuttingDown: 10_000, image: 20_000, snapshot: 15_000, copy: 30_000,
};
