import { memberGroups, memberTexts, type StackCall } from './calls/stack-call';
import { checkReferences, inOrder } from './references';
import { resourceTypeOf } from './resource-types';
import type { Definition, Stack, Tags } from './stack';
import { stackParameters, type GivenParameter, type ReadParameters } from './stack-parameters';
import { invalid, parseTemplate, type Template } from './template';
import { ApiError } from '../protocol/api-error';
import { callJson, readObject, type Caller } from '../service-client';

const MOST_BODY_BYTES = 51_200;

/** What a call says a stack is to be. */
export async function definitionIn(call: StackCall, stack: Stack | undefined, acting: Caller): Promise<Definition> {
  const { input } = call;
  const previous = stack?.definition;
  const body = await templateBody(call, previous?.body);
  const template = checkedTemplate(body);
  const capabilities = memberTexts(input, 'Capabilities');
  const needed = neededCapability(template);
  if (needed && !capabilities.some((one) => one === 'CAPABILITY_NAMED_IAM' || one === needed)) {
    throw new ApiError('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`);
  }
  const before = input.text('ChangeSetType') === 'CREATE' ? undefined : previous?.parameters;
  return {
    template,
    body,
    parameters: await stackParameters(template, givenParameters(call), before, readStored(acting)),
    tags: input.has('Tags') ? tagsIn(call) : previous?.tags ?? {},
    capabilities,
    notificationArns: memberTexts(input, 'NotificationARNs'),
    roleArn: input.text('RoleARN') ?? previous?.roleArn,
  };
}

export function checkedTemplate(body: string): Template {
  const template = parseTemplate(body);
  checkReferences(template);
  inOrder(template);
  const unknown = Object.values(template.Resources).map(({ Type }) => Type).filter((name) => !resourceTypeOf(name));
  if (unknown.length > 0) { throw invalid(`Template format error: Unrecognized resource types: [${[...new Set(unknown)].join(', ')}]`); }
  return template;
}

/** The text of the template: in the call, in S3, or as it was. */
export async function templateBody({ input, caller }: StackCall, previous: string | undefined): Promise<string> {
  const body = input.text('TemplateBody');
  const url = input.text('TemplateURL');
  if (body !== undefined && url !== undefined) { throw invalid('Specify exactly one of \'TemplateBody\' or \'TemplateUrl\''); }
  if (body !== undefined) {
    if (Buffer.byteLength(body) > MOST_BODY_BYTES) {
      throw invalid(`1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${MOST_BODY_BYTES}`);
    }
    return body;
  }
  if (url === undefined) {
    if (input.flag('UsePreviousTemplate') && previous !== undefined) { return previous; }
    throw invalid('Either Template URL or Template Body must be specified.');
  }
  const [bucket, key] = objectIn(url);
  try {
    return (await readObject(caller, bucket, key)).toString();
  } catch (error) {
    throw invalid(`S3 error: ${(error as ApiError).code}: ${(error as Error).message}`);
  }
}

/** Bucket and key of a URL: of S3 itself, or of this endpoint by any of its names. */
function objectIn(url: string): readonly [bucket: string, key: string] {
  const { hostname, pathname } = new URL(url);
  const path = decodeURIComponent(pathname.slice(1));
  const virtual = /^(.+)\.s3[.-][\w.-]*amazonaws\.com(?:\.cn)?$/.exec(hostname)?.[1] ?? /^(.+)\.localhost$/.exec(hostname)?.[1];
  if (virtual) { return [virtual, path]; }
  if (!/^(localhost|127(\.\d+){3}|\[::1\]|s3[.-][\w.-]*amazonaws\.com(\.cn)?)$/.test(hostname)) { throw invalid('TemplateURL must be a supported URL.'); }
  return [path.slice(0, path.indexOf('/')), path.slice(path.indexOf('/') + 1)];
}

function givenParameters({ input }: StackCall): readonly GivenParameter[] {
  return memberGroups(input, 'Parameters').map((one) => {
    const value = (one.tree as { readonly ParameterValue?: string }).ParameterValue;
    return { key: one.text('ParameterKey') ?? '', value, usePrevious: one.flag('UsePreviousValue') === true };
  });
}

function tagsIn({ input }: StackCall): Tags {
  return Object.fromEntries(memberGroups(input, 'Tags').map((tag) => [tag.text('Key') ?? '', tag.text('Value') ?? '']));
}

/** As the role of the stack, or the caller, reads them. */
export function readStored(caller: Caller): ReadParameters {
  return async (names) => {
    const found = new Map<string, string>();
    for (let first = 0; first < names.length; first += 10) {
      const answer = await callJson(caller, 'ssm', 'AmazonSSM.GetParameters', { Names: names.slice(first, first + 10) });
      for (const { Name, Value } of answer.Parameters as readonly { readonly Name: string; readonly Value: string }[]) { found.set(Name, Value); }
    }
    return found;
  };
}

const NAMES: { readonly [type: string]: string } = {
  'AWS::IAM::Role': 'RoleName', 'AWS::IAM::ManagedPolicy': 'ManagedPolicyName', 'AWS::IAM::InstanceProfile': 'InstanceProfileName', 'AWS::IAM::Policy': '',
};

/** What somebody has to agree to who lets a template make what gives rights. */
export function neededCapability({ Resources }: Template): string | undefined {
  const iam = Object.values(Resources).filter(({ Type }) => Object.hasOwn(NAMES, Type));
  if (iam.length === 0) { return undefined; }
  return iam.some(({ Type, Properties }) => Properties?.[NAMES[Type]] !== undefined) ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM';
}
