import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { createInterface } from 'readline';
import { cloudClients, type CloudClients } from './cloud-clients';
import { start } from '../../lib/process';
import { awsCli } from '../support/aws-cli';
import type { Cloud } from '../support/cloud/cloud';

type Fields = { readonly [name: string]: unknown };

interface CliAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The services by the names that the CLI has for them. */
const SERVICES: { readonly [client in Exclude<keyof CloudClients, 'end' | 'west'>]: string } = {
  ec2: 'ec2',
  ssm: 'ssm',
  sts: 'sts',
  iam: 'iam',
  s3: 's3api',
  secrets: 'secretsmanager',
  autoScaling: 'autoscaling',
  cloudFormation: 'cloudformation',
  lambda: 'lambda',
  codeBuild: 'codebuild',
  events: 'events',
  sns: 'sns',
  logs: 'logs',
};

/** What it writes to a file of its own, which has to be named. */
const TO_FILE: { readonly [call: string]: 'Body' | 'Payload' } = { 's3api get-object': 'Body', 'lambda invoke': 'Payload' };

/** Clients whose every call is one of the AWS CLI: the same names, fields and errors, from another program. */
export async function cliClients(cloud: Cloud): Promise<CloudClients> {
  const { environment, region } = cloud;
  const folder = mkdtempSync(join(tmpdir(), 'golden-aws-cli-'));
  writeFileSync(join(folder, 'config'), '[default]\ns3 =\n  addressing_style = path\n');
  const { environment: own } = await awsCli();
  const child = start(['python3', join(__dirname, '..', 'support', 'aws-cli-server.py')], {
    env: { ...process.env, ...own, ...environment, AWS_CONFIG_FILE: join(folder, 'config'), AWS_MAX_ATTEMPTS: '1', AWS_PAGER: '' },
  });
  const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let said = '';
  child.stderr!.on('data', (data) => { said += data; });
  let turn: Promise<unknown> = Promise.resolve();
  const run = (words: readonly string[]): Promise<CliAnswer> => {
    const answer = turn.then(async () => {
      child.stdin!.write(`${JSON.stringify(words)}\n`);
      const { value, done } = await answers.next();
      if (done) { throw new Error(`The AWS CLI ended: ${said}`); }
      return JSON.parse(value) as CliAnswer;
    });
    turn = answer.catch(() => undefined);
    return answer;
  };

  let files = 0;
  const call = async (service: string, action: string, input: Fields, place: string): Promise<Fields> => {
    const command = kebab(action);
    const file = TO_FILE[`${service} ${command}`];
    const path = join(folder, String(files++));
    const { fields, words } = asWords(`${service} ${command}`, input, (content) => {
      const written = join(folder, String(files++));
      writeFileSync(written, content);
      return written;
    });
    const given = file ? [...optionsOf(fields), path] : ['--no-paginate', '--cli-input-json', JSON.stringify(fields)];
    const { exitCode, stdout, stderr } = await run([service, command, '--region', place, '--output', 'json', ...words, ...given]);
    if (exitCode !== 0) { throw cliError(stderr); }
    const answer = (stdout.trim() === '' ? {} : JSON.parse(stdout)) as Fields;
    return file ? { ...answer, [file]: fileContent(readFileSync(path)) } : asSdk(`${service} ${command}`, answer);
  };
  const client = (service: string, place = region) => new Proxy({}, {
    get: (_, action: string) => (input: Fields = {}) => call(service, action, input, place),
  });
  const sdk = cloudClients(cloud);
  // URLs are signed by the SDK: the CLI signs those to read from only.
  const s3 = new Proxy(sdk.s3, {
    get: (target, name: string) => (['config', 'middlewareStack'].includes(name) ? target[name as 'config'] : (input: Fields = {}) => call('s3api', name, input, region)),
  });
  return {
    ...Object.fromEntries(Object.entries(SERVICES).map(([name, service]) => [name, client(service)])),
    west: client('ec2', 'eu-west-1'),
    s3,
    end: () => {
      sdk.end();
      child.stdin!.end();
      rmSync(folder, { recursive: true, force: true });
    },
  } as unknown as CloudClients;
}

/** `describeImages` is `describe-images`, and `listObjectsV2` is `list-objects-v2`. */
function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

/** Calls that write to a file take no JSON. */
function optionsOf(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => [`--${kebab(name)}`, typeof value === 'string' ? value : JSON.stringify(value)]);
}

/** What JSON cannot say goes as files; user-data is encoded by the CLI itself. */
function asWords(
  command: string, input: Fields, write: (content: Buffer | string) => string,
): { readonly fields: Fields; readonly words: readonly string[] } {
  const fields: Record<string, unknown> = {};
  const words: string[] = [];
  for (const [name, value] of Object.entries(input)) {
    if (command === 'ec2 run-instances' && name === 'UserData') { fields[name] = Buffer.from(value as string, 'base64').toString('latin1'); continue; }
    if (name === 'Body') { words.push('--body', write(value as string)); continue; }
    if (command === 'lambda create-function' && name === 'Code') {
      words.push('--zip-file', `fileb://${write((value as { readonly ZipFile: Buffer }).ZipFile)}`);
      continue;
    }
    if (value instanceof Uint8Array) { words.push(`--${kebab(name)}`, `fileb://${write(Buffer.from(value))}`); continue; }
    fields[name] = value;
  }
  return { fields, words };
}

/** What the CLI reads of an answer that the SDK leaves as it is, and the other way round. */
function asSdk(command: string, answer: Fields): Fields {
  if (command === 'ec2 get-console-output') { return { ...answer, Output: Buffer.from(String(answer.Output)).toString('base64') }; }
  if (command === 'sts assume-role') {
    const credentials = answer.Credentials as { readonly Expiration: string };
    return { ...answer, Credentials: { ...credentials, Expiration: new Date(credentials.Expiration) } };
  }
  return documents(answer) as Fields;
}

/** Policies and templates, which the CLI reads as JSON. */
function documents(value: unknown): unknown {
  if (Array.isArray(value)) { return value.map(documents); }
  if (typeof value !== 'object' || value === null) { return value; }
  return Object.fromEntries(Object.entries(value).map(([name, content]) => {
    if (typeof content !== 'object' || !/(Policy|PolicyDocument|TemplateBody)$/.test(name)) { return [name, documents(content)]; }
    const text = JSON.stringify(content);
    return [name, name === 'TemplateBody' ? text : encodeURIComponent(text)];
  }));
}

function fileContent(content: Buffer): Uint8Array & { transformToString(): Promise<string> } {
  return Object.assign(new Uint8Array(content), { transformToString: async () => content.toString() });
}

/** Named by its code, as the errors of the SDK are. */
function cliError(stderr: string): Error {
  const code = /An error occurred \(([\w.]+)\)/.exec(stderr)?.[1];
  return Object.assign(new Error(stderr.trim()), { name: code ?? 'CliError' });
}
