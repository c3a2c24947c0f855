import { documentText, tagsOf, unless } from './ask';
import { ApiError } from '../../protocol/api-error';
import { escapeXml } from '../../protocol/xml';
import { signed } from '../../service-client';
import type { Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

async function send({ caller }: ResourceContext, method: string, path: string, body = ''): Promise<void> {
  const response = await fetch(`${caller.endpoint}/${path}`, { method, headers: { ...signed(caller, 's3'), 'content-type': 'application/xml' }, body: body || undefined });
  const text = await response.text();
  if (response.ok) { return; }
  throw new ApiError(/<Code>([^<]+)/.exec(text)?.[1] ?? String(response.status), /<Message>([^<]+)/.exec(text)?.[1] ?? text, response.status);
}

/** An element with what is in it; undefined values are left out. */
function element(name: string, content: unknown): string {
  if (content === undefined) { return ''; }
  if (Array.isArray(content)) { return content.map((one) => element(name, one)).join(''); }
  if (typeof content !== 'object' || content === null) { return `<${name}>${escapeXml(String(content))}</${name}>`; }
  return `<${name}>${Object.entries(content).map(([key, one]) => element(key, one)).join('')}</${name}>`;
}

/** Parts of a bucket, each with the call that sets it. */
async function configure(context: ResourceContext, bucket: string, properties: Properties): Promise<void> {
  const put = (parameter: string, content: string) => send(context, 'PUT', `${bucket}?${parameter}`, content);
  const { BucketEncryption, PublicAccessBlockConfiguration, VersioningConfiguration, LifecycleConfiguration, OwnershipControls } = properties;
  if (BucketEncryption) {
    await put('encryption', element('ServerSideEncryptionConfiguration', {
      Rule: BucketEncryption.ServerSideEncryptionConfiguration.map(({ ServerSideEncryptionByDefault, BucketKeyEnabled }: Properties) => ({
        ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault, BucketKeyEnabled,
      })),
    }));
  }
  if (PublicAccessBlockConfiguration) { await put('publicAccessBlock', element('PublicAccessBlockConfiguration', PublicAccessBlockConfiguration)); }
  if (VersioningConfiguration) { await put('versioning', element('VersioningConfiguration', VersioningConfiguration)); }
  if (LifecycleConfiguration) { await put('lifecycle', element('LifecycleConfiguration', { Rule: LifecycleConfiguration.Rules.map(lifecycleRule) })); }
  if (OwnershipControls) { await put('ownershipControls', element('OwnershipControls', { Rule: OwnershipControls.Rules })); }
  const tags = tagsOf(context, properties.Tags);
  if (tags.length > 0) { await put('tagging', element('Tagging', { TagSet: { Tag: tags } })); }
}

function lifecycleRule(rule: Properties): object {
  const { Id, Status, Prefix = '', ExpirationInDays, NoncurrentVersionExpiration, NoncurrentVersionExpirationInDays, AbortIncompleteMultipartUpload } = rule;
  const noncurrent = NoncurrentVersionExpiration?.NoncurrentDays ?? NoncurrentVersionExpirationInDays;
  return {
    ID: Id,
    Filter: { Prefix },
    Status,
    Expiration: ExpirationInDays === undefined ? undefined : { Days: ExpirationInDays },
    NoncurrentVersionExpiration: noncurrent === undefined ? undefined : { NoncurrentDays: noncurrent },
    AbortIncompleteMultipartUpload,
  };
}

const bucket: ResourceType = {
  takes: [
    'AccessControl', 'BucketEncryption', 'BucketName', 'LifecycleConfiguration', 'OwnershipControls', 'PublicAccessBlockConfiguration', 'Tags', 'VersioningConfiguration',
  ],
  isTagged: true,
  recreatedBy: ['BucketName'],
  create: async (context, properties) => {
    const { BucketName = context.newName({ most: 63, lower: true }) } = properties;
    const { region } = context;
    await send(context, 'PUT', BucketName, region === 'us-east-1' ? '' : element('CreateBucketConfiguration', { LocationConstraint: region }));
    context.announce(BucketName);
    await configure(context, BucketName, properties);
    return made(context, BucketName);
  },
  update: async (context, properties, { physicalId }) => {
    await configure(context, physicalId, properties);
    return made(context, physicalId);
  },
  delete: (context, { physicalId }) => unless(['NoSuchBucket'], send(context, 'DELETE', physicalId)),
};

function made({ partition, region }: ResourceContext, name: string) {
  return {
    physicalId: name,
    attributes: {
      Arn: `arn:${partition}:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website.${region}.amazonaws.com`,
    },
  };
}

const bucketPolicy: ResourceType = {
  takes: ['Bucket', 'PolicyDocument'],
  recreatedBy: ['Bucket'],
  create: async (context, { Bucket, PolicyDocument }) => {
    await send(context, 'PUT', `${Bucket}?policy`, documentText(withoutTransport(PolicyDocument)));
    return { physicalId: Bucket };
  },
  update: async (context, { PolicyDocument }, { physicalId }) => {
    await send(context, 'PUT', `${physicalId}?policy`, documentText(withoutTransport(PolicyDocument)));
    return { physicalId };
  },
  delete: (context, { physicalId }) => unless(['NoSuchBucket', 'NoSuchBucketPolicy'], send(context, 'DELETE', `${physicalId}?policy`)),
};

/** Moto reads no conditions, so that a statement against calls without TLS would refuse every call. */
function withoutTransport({ Statement, ...rest }: Properties): object {
  return { ...rest, Statement: [Statement].flat().filter(({ Condition }) => !JSON.stringify(Condition ?? '').includes('aws:SecureTransport')) };
}

export const S3_TYPES: ResourceTypes = { 'AWS::S3::Bucket': bucket, 'AWS::S3::BucketPolicy': bucketPolicy };
