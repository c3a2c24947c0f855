import { createHash } from 'crypto';
import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { runInNewContext } from 'vm';

/** What was put to a URL that a function was given. */
export interface Told {
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: { readonly [name: string]: any };
}

type Client = { readonly [call: string]: (input: any) => Promise<unknown> };

/** What the functions around a build see of AWS: a bucket, a project with its builds, parameters, images, logs and a topic. */
export class FunctionWorld {
  readonly objects = new Map<string, string>();
  readonly parameters = new Map<string, { readonly Value: string; readonly LastModifiedDate: Date }>();
  readonly images = new Map<string, object>();
  readonly builds = new Map<string, any>();
  readonly started: any[] = [];
  readonly published: any[] = [];
  readonly told: Told[] = [];
  readonly logged: string[] = [];
  /** Lines of every build's log. */
  log: readonly string[] = [];
  /** What starting a build comes to, where it fails. */
  refusal: Error | undefined;
  /** Statuses that the next answers are met with, in place of 200. */
  statuses: number[] = [];
  /** How a build ends at once where one is started. */
  endsAs: string | undefined;
  private server: Server | undefined;

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      let text = '';
      request.on('data', (data) => { text += data; });
      request.on('end', () => {
        const status = this.statuses.shift() ?? 200;
        if (status === 200) { this.told.push({ path: request.url!, contentType: request.headers['content-type'], body: JSON.parse(text) }); }
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}${path}`;
  }

  /** Runs a function for an event, as its runtime does. */
  async run(code: string, event: object, { remaining = 60_000, environment = {} }: { remaining?: number; environment?: object } = {}): Promise<void> {
    const exported: { handler?: (event: object, context: object) => Promise<void> } = {};
    const say = (...parts: readonly unknown[]) => { this.logged.push(parts.map(String).join(' ')); };
    const end = Date.now() + remaining;
    runInNewContext(code, {
      exports: exported,
      require: (name: string) => this.module(name),
      process: { env: { PROJECT: 'Web', BUCKET: 'bucket', IMAGE: 'Stack/Web', ...environment } },
      console: { log: say, error: say },
      fetch,
      AbortSignal,
      // Pauses are those of retries and polls.
      setTimeout: (act: (...parts: unknown[]) => void, ms: number, ...parts: unknown[]) => setTimeout(act, ms > 15_000 ? ms : ms / 100, ...parts),
      clearTimeout,
    });
    await exported.handler!(event, { getRemainingTimeInMillis: () => end - Date.now() });
  }

  private module(name: string): unknown {
    const client = (calls: Client) => class { constructor() { return calls; } };
    switch (name) {
      case 'crypto': return { createHash };
      case '@aws-sdk/client-codebuild': return { CodeBuild: client(this.codeBuild) };
      case '@aws-sdk/client-s3': return { S3: client(this.s3) };
      case '@aws-sdk/client-ssm': return { SSM: client({ getParameter: async ({ Name }) => ({ Parameter: this.found(this.parameters, Name, 'ParameterNotFound') }) }) };
      case '@aws-sdk/client-ec2':
        return { EC2: client({ describeImages: async ({ ImageIds: [id] }) => ({ Images: [this.found(this.images, id, 'InvalidAMIID.NotFound')] }) }) };
      case '@aws-sdk/client-cloudwatch-logs': return { CloudWatchLogs: client({ getLogEvents: async () => ({ events: this.log.map((message) => ({ message })) }) }) };
      case '@aws-sdk/client-sns': return { SNS: client({ publish: async (message) => { this.published.push(message); } }) };
      default: throw new Error(`${name} is not in the runtime`);
    }
  }

  private readonly codeBuild: Client = {
    startBuild: async (input) => {
      if (this.refusal) { throw this.refusal; }
      this.started.push(input);
      const id = `Web:${this.started.length}`;
      const environmentVariables = input.environmentVariablesOverride;
      this.builds.set(id, { id, buildStatus: this.endsAs ?? 'IN_PROGRESS', environment: { environmentVariables }, startTime: new Date(1000) });
      return { build: { id } };
    },
    batchGetBuilds: async ({ ids }) => ({ builds: ids.map((id: string) => this.found(this.builds, id, 'NotFound')) }),
    listBuildsForProject: async () => ({ ids: [...this.builds.keys()] }),
    stopBuild: async ({ id }) => { this.builds.set(id, { ...this.builds.get(id), buildStatus: 'STOPPED' }); },
  };

  private readonly s3: Client = {
    putObject: async ({ Key, Body }) => { this.objects.set(Key, Body); },
    getObject: async ({ Key }) => {
      const text = this.found(this.objects, Key, 'NoSuchKey');
      return { Body: { transformToString: async () => text } };
    },
    headObject: async ({ Key }) => { this.found(this.objects, Key, 'NotFound'); },
    deleteObject: async ({ Key }) => { this.objects.delete(Key); },
    listObjectsV2: async ({ Prefix }) => {
      const Contents = [...this.objects.keys()].filter((key) => key.startsWith(Prefix)).map((Key) => ({ Key }));
      return Contents.length > 0 ? { Contents } : {};
    },
  };

  private found<T>(map: ReadonlyMap<string, T>, key: string, error: string): T {
    if (map.has(key)) { return map.get(key)!; }
    throw Object.assign(new Error(`${key} is not there`), { name: error });
  }
}
