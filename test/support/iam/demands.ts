import type { Demand } from './evaluator';
import { SERVICE_RESOURCES, serviceDemands } from './service-demands';
import type { Cloud } from '../cloud/cloud';
import { decodeQuery, Parameters } from '../cloud/protocol/query';
import type { LeftResource } from '../cloud/resources';
import type { AskedCall } from '../cloud/server';

type Tags = { readonly [key: string]: string };

/** Resources by the first letters of their IDs. */
const TYPES: { readonly [prefix: string]: string } = {
  i: 'instance', ami: 'image', snap: 'snapshot', vol: 'volume', sg: 'security-group', subnet: 'subnet', vpc: 'vpc', eni: 'network-interface', sir: 'spot-instances-request',
};

const ID = new RegExp(`^(${Object.keys(TYPES).join('|')})-[0-9a-f]+$`);

/** What these make; each has to have the tags that the request gives it. */
const MAKES: { readonly [action: string]: readonly string[] } = {
  RunInstances: ['instance', 'volume', 'network-interface'],
  CreateImage: ['image', 'snapshot'],
  CreateSnapshot: ['snapshot'],
  RegisterImage: ['image'],
  CopyImage: ['image', 'snapshot'],
  CreateSecurityGroup: ['security-group'],
};

/** Permissions of S3 that have another name than the call. */
export const S3_PERMISSIONS: { readonly [action: string]: string } = {
  HeadBucket: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadObject: 'GetObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  DeleteObjects: 'DeleteObject',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
};

/** All that IAM asks whether a caller may, for one call: as the Service Authorization Reference lists it. */
export async function demandsOf(cloud: Cloud, call: AskedCall): Promise<readonly Demand[]> {
  const { service } = call;
  if (service === 'ec2') { return ec2Demands(cloud, call); }
  if (service === 's3') { return [s3Demand(call)]; }
  if (service === 'ssm') { return ssmDemands(cloud, call); }
  if (service === 'iam') { return iamDemands(call); }
  if (service in SERVICE_RESOURCES) { return serviceDemands(call); }
  const resource = service === 'secretsmanager'
    ? `arn:aws:secretsmanager:${call.region}:${call.account}:secret:${(JSON.parse(call.body) as { SecretId: string }).SecretId}-AbCdEf` : '*';
  return [{ action: `${service}:${call.action}`, resource, context: { 'aws:RequestedRegion': call.region } }];
}

async function ec2Demands(cloud: Cloud, { action, region, account, body }: AskedCall): Promise<readonly Demand[]> {
  const name = `ec2:${action}`;
  const context = { 'aws:RequestedRegion': region };
  if (/^(Describe|Get)/.test(action)) { return [{ action: name, resource: '*', context }]; }
  const input = new Parameters(decodeQuery(body));
  const arn = (type: string, id: string, where = region) => `arn:aws:ec2:${where}:${type === 'image' || type === 'snapshot' ? '' : account}:${type}/${id}`;
  const known = await knownTags(cloud);
  const ids = new Set([...new URLSearchParams(body)].flatMap(([key, value]) => (!/Tag/.test(key) && ID.test(value) ? [value] : [])));
  const source = input.text('SourceRegion') ?? region;
  const used = [...ids].map((id): Demand => ({
    action: name, resource: arn(TYPES[id.split('-')[0]], id, source), context: { ...context, ...tagKeys('aws:ResourceTag', known.get(id)) },
  }));
  const given = new Map(input.groups('TagSpecification').map((one) => [one.text('ResourceType')!, tagsIn(one.groups('Tag'))]));
  const makes = [...MAKES[action] ?? [], ...given.has('spot-instances-request') ? ['spot-instances-request'] : []];
  const made = makes.flatMap((type): Demand[] => {
    const resource = arn(type, '*new*');
    const tags = given.get(type);
    return [
      { action: name, resource, context: { ...context, ...tagKeys('aws:RequestTag', tags) } },
      ...tags ? [{ action: 'ec2:CreateTags', resource, context: { ...context, 'ec2:CreateAction': action, ...tagKeys('aws:RequestTag', tags) } }] : [],
    ];
  });
  const profile = input.group('IamInstanceProfile').text('Name');
  return [
    ...used, ...made, ...profile ? [{
      action: 'iam:PassRole', resource: `arn:aws:iam::${account}:role/${profile}`, context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    }] : [],
  ];
}

function s3Demand({ action, path }: AskedCall): Demand {
  const [, bucket, ...key] = path.split('?')[0].split('/');
  const resource = `arn:aws:s3:::${bucket}${key.length > 0 && key[0] !== '' ? `/${key.join('/')}` : ''}`;
  const prefix = /^ListObjects/.test(action) ? new URLSearchParams(path.split('?')[1]).get('prefix') : null;
  return { action: `s3:${S3_PERMISSIONS[action] ?? action}`, resource, context: prefix === null ? {} : { 's3:prefix': prefix } };
}

async function ssmDemands(cloud: Cloud, { action, region, account, body }: AskedCall): Promise<readonly Demand[]> {
  const input = JSON.parse(body) as {
    readonly Name?: string;
    readonly ResourceId?: string;
    readonly InstanceIds?: readonly string[];
    readonly DocumentName?: string;
    readonly Target?: string;
    readonly Tags?: unknown;
    readonly SessionId?: string;
  };
  const name = `ssm:${action}`;
  const context = { 'aws:RequestedRegion': region };
  if (action === 'SendCommand' || action === 'StartSession') {
    const known = await knownTags(cloud);
    const instances = input.InstanceIds ?? [input.Target!];
    return [
      { action: name, resource: `arn:aws:ssm:${region}::document/${input.DocumentName}`, context },
      ...instances.map((id) => ({
        action: name, resource: `arn:aws:ec2:${region}:${account}:instance/${id}`, context: { ...context, ...tagKeys('ssm:resourceTag', known.get(id)) },
      })),
    ];
  }
  if (input.SessionId !== undefined) {
    return [{ action: name, resource: `arn:aws:ssm:${region}:${account}:session/${input.SessionId}`, context }];
  }
  const parameter = /Parameter$/.test(action) ? input.Name : input.ResourceId;
  if (parameter === undefined) { return [{ action: name, resource: '*', context }]; }
  const resource = `arn:aws:ssm:${region}:${parameter.startsWith('/aws/service/') ? '' : account}:parameter/${parameter.replace(/^\//, '')}`;
  return [{ action: name, resource, context }, ...action === 'PutParameter' && input.Tags ? [{ action: 'ssm:AddTagsToResource', resource, context }] : []];
}

function iamDemands({ action, account, body }: AskedCall): readonly Demand[] {
  const input = new Parameters(decodeQuery(body));
  const role = `arn:aws:iam::${account}:role/${input.text('RoleName')}`;
  const profile = `arn:aws:iam::${account}:instance-profile/${input.text('InstanceProfileName')}`;
  const resource = /Profile$/.test(action) ? profile : role;
  const tagging = action === 'CreateRole' ? 'iam:TagRole' : 'iam:TagInstanceProfile';
  return [
    { action: `iam:${action}`, resource, context: {} },
    ...input.groups('Tags').length > 0 || /Tags\.member/.test(body) ? [{ action: tagging, resource, context: {} }] : [],
    ...action === 'AddRoleToInstanceProfile' ? [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'ec2.amazonaws.com' } }] : [],
  ];
}

async function knownTags(cloud: Cloud): Promise<ReadonlyMap<string, Tags>> {
  const { instances, volumes, images, snapshots, securityGroups } = await cloud.resources();
  return new Map([...instances, ...volumes, ...images, ...snapshots, ...securityGroups].map(({ id, tags }: LeftResource) => [id, tags]));
}

function tagsIn(groups: readonly Parameters[]): Tags {
  return Object.fromEntries(groups.map((tag) => [tag.text('Key')!, tag.text('Value') ?? '']));
}

function tagKeys(prefix: string, tags: Tags = {}): Tags {
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]));
}
