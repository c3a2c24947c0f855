import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { assumedRole, type AssumedRole } from './assumed-role';
import { caller, type AwsCommand, type Caller } from './aws-request';
import { networkAgents } from './network-agents';
import { TokenBuckets } from './token-buckets';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { CloudAccess, CloudCredentials, NetworkAgents } from '../../ports/cloud-access';

// The SDK is part of this program: its users cannot act on what it says of versions of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

export interface CloudClientsOptions {
  readonly clock: Clock;
  /** Region that the user named. Absent: that of the environment or the profile. */
  readonly region?: string;
  /** Role that all calls are made with. */
  readonly role?: AssumedRole;
  /** How long one answer may take. @default 30000 */
  readonly requestTimeoutMs?: number;
}

/** Who calls. */
export interface CallerIdentity {
  readonly account: string;
  readonly partition: string;
  readonly arn: string;
}

type Client = { readonly config: { readonly endpoint?: (() => Promise<{ readonly hostname: string; readonly port?: number }>) } };

/** One client for each service and region, made when it is first needed. All of them share credentials, connections and the turns of calls. */
export class CloudClients {
  /** For what connects without a client of ours. */
  readonly agents: NetworkAgents;
  private readonly callers = new Map<string, Caller>();
  private readonly buckets: TokenBuckets;
  private readonly quick: NodeHttpHandler;
  private readonly patient: NodeHttpHandler;
  private identity: STSClient | undefined;
  private whoCalls: Promise<CallerIdentity> | undefined;
  private readonly assumed = new Map<string, CloudClients>();
  private readonly s3Clients = new Map<string, S3Client>();

  constructor(private readonly options: CloudClientsOptions) {
    const { requestTimeoutMs = 30_000 } = options;
    this.buckets = new TokenBuckets(options.clock);
    this.agents = networkAgents();
    const agents = { httpAgent: this.agents.http, httpsAgent: this.agents.https };
    this.quick = new NodeHttpHandler({ connectionTimeout: 5_000, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true, ...agents });
    // A big file may take as long as it goes on.
    this.patient = new NodeHttpHandler({ connectionTimeout: 5_000, socketTimeout: 60_000, ...agents });
  }

  ec2(region: string): Caller {
    return this.caller('ec2', region, () => new EC2Client(this.configuration(region)), this.buckets);
  }

  sts(region: string): Caller {
    return this.caller('sts', region, () => new STSClient(this.configuration(region)));
  }

  ssm(region: string): Caller {
    return this.caller('ssm', region, () => new SSMClient(this.configuration(region)));
  }

  iam(region: string): Caller {
    return this.caller('iam', region, () => new IAMClient(this.configuration(region)));
  }

  s3(region: string): Caller {
    return this.caller('s3', region, () => this.s3Client(region));
  }

  secretsManager(region: string): Caller {
    return this.caller('secretsmanager', region, () => new SecretsManagerClient(this.configuration(region)));
  }

  cloudFormation(region: string): Caller {
    return this.caller('cloudformation', region, () => new CloudFormationClient(this.configuration(region)));
  }

  autoScaling(region: string): Caller {
    return this.caller('autoscaling', region, () => new AutoScalingClient(this.configuration(region)));
  }

  /** The client itself, for what signs URLs. */
  s3Client(region: string): S3Client {
    return memo(this.s3Clients, region, () => new S3Client({
      ...this.configuration(region),
      requestHandler: this.patient,
      // Names of buckets are no names of hosts there.
      forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL),
    }));
  }

  /** The region for clients that others make. */
  access(region: string): CloudAccess {
    return {
      region,
      credentials: () => this.credentials(region)() as Promise<CloudCredentials>,
      refresh: () => this.refresh(region),
      agents: this.agents,
    };
  }

  /** Clients of the same computer that use a role, of this account or another one. */
  assuming(roleArn: string, hint?: string): CloudClients {
    return memo(this.assumed, roleArn, () => new CloudClients({ ...this.options, role: { roleArn, by: this, hint } }));
  }

  /** The region where nothing else says one. Errors: `no-region`. */
  async defaultRegion(): Promise<string> {
    if (this.options.region) { return this.options.region; }
    try {
      return await new STSClient({}).config.region();
    } catch (error) {
      throw new GoldenError('no-region', 'It is not known which region to build in', {
        kind: 'usage', hint: 'Pass --region, set AWS_REGION, or give the stack an env with a region.', cause: error,
      });
    }
  }

  /** Who calls, asked once. */
  callerIdentity(region: string): Promise<CallerIdentity> {
    return this.whoCalls ??= this.askIdentity(region).catch((error: unknown) => {
      this.whoCalls = undefined;
      throw error;
    });
  }

  private async askIdentity(region: string): Promise<CallerIdentity> {
    const { Account: account, Arn: arn } = await this.sts(region).send(new GetCallerIdentityCommand({}));
    return { account: account!, arn: arn!, partition: arn!.split(':')[1] };
  }

  private configuration(region: string) {
    // We try again ourselves: we know what each call can stand, and how long it may take.
    return { region, credentials: this.credentials(region), maxAttempts: 1, requestHandler: this.quick };
  }

  /** The default chain, which reads credentials anew before they expire. */
  private credentials(region: string) {
    const { role } = this.options;
    const credentials = role && assumedRole(role, region);
    return (this.identity ??= new STSClient({ region, requestHandler: this.quick, credentials })).config.credentials;
  }

  private async refresh(region: string): Promise<void> {
    await this.credentials(region)({ forceRefresh: true });
  }

  private caller(service: string, region: string, make: () => Client, buckets?: TokenBuckets): Caller {
    return memo(this.callers, `${service} ${region}`, () => {
      const client = make();
      return caller({
        service,
        region,
        clock: this.options.clock,
        buckets,
        transmit: (command, abortSignal) => sender(client)(command, { abortSignal }),
        endpoint: async () => endpointOf(client, service, region),
        refresh: () => this.refresh(region),
      });
    });
  }
}

/** The types of the services' clients have nothing in common, their method has. */
function sender(client: Client): (command: AwsCommand<object>, options: { readonly abortSignal?: AbortSignal }) => Promise<object> {
  const { send } = client as unknown as { send: (command: AwsCommand<object>, options: object) => Promise<object> };
  return send.bind(client);
}

async function endpointOf({ config }: Client, service: string, region: string): Promise<string> {
  const named = process.env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? process.env.AWS_ENDPOINT_URL;
  if (named) { return new URL(named).host; }
  const endpoint = await config.endpoint?.();
  if (!endpoint) { return `${service}.${region}.amazonaws.com`; }
  return endpoint.port === undefined ? endpoint.hostname : `${endpoint.hostname}:${endpoint.port}`;
}

function memo<T>(made: Map<string, T>, key: string, make: () => T): T {
  const known = made.get(key);
  if (known) { return known; }
  const value = make();
  made.set(key, value);
  return value;
}
