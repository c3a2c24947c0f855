/** Parts of a bucket that a query parameter names, with the action for each method. */
const SUBRESOURCES: { readonly [parameter: string]: { readonly [method: string]: string } } = {
  publicAccessBlock: { PUT: 'PutPublicAccessBlock', GET: 'GetPublicAccessBlock' },
  encryption: { PUT: 'PutBucketEncryption', GET: 'GetBucketEncryption' },
  lifecycle: { PUT: 'PutBucketLifecycleConfiguration', GET: 'GetBucketLifecycleConfiguration' },
  tagging: { PUT: 'PutBucketTagging', GET: 'GetBucketTagging' },
  location: { GET: 'GetBucketLocation' },
  policy: { PUT: 'PutBucketPolicy', GET: 'GetBucketPolicy', DELETE: 'DeleteBucketPolicy' },
  versions: { GET: 'ListObjectVersions' },
  versioning: { PUT: 'PutBucketVersioning', GET: 'GetBucketVersioning' },
  ownershipControls: { PUT: 'PutBucketOwnershipControls', GET: 'GetBucketOwnershipControls' },
  delete: { POST: 'DeleteObjects' },
};

/** What a request asks of S3, by its method, path and query. Undefined: nothing that we know. */
export function s3Action(method: string, bucket: string, key: string, query: URLSearchParams): string | undefined {
  if (!bucket) { return method === 'GET' ? 'ListBuckets' : undefined; }
  if (!key) {
    for (const [parameter, actions] of Object.entries(SUBRESOURCES)) { if (query.has(parameter)) { return actions[method]; } }
    if (method === 'GET' && ['uploads', 'acl', 'cors', 'website', 'logging', 'notification', 'replication'].some((name) => query.has(name))) {
      return undefined;
    }
    return { PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket', GET: query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects' }[method];
  }
  if (query.has('uploads')) { return method === 'POST' ? 'CreateMultipartUpload' : undefined; }
  if (query.has('uploadId')) {
    return { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload', GET: 'ListParts' }[method];
  }
  if (query.has('tagging') || query.has('acl')) { return undefined; }
  return { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method];
}
