import { scopeOf, type MotoProxy } from './moto-proxy';
import { child, itemsAt, parseXml, textAt, type XmlElement } from './protocol/xml';
import type { LeftResource, LeftResources } from './resources';

type Listing = Pick<LeftResources, 'securityGroups' | 'parameters' | 'launchTemplates' | 'roles' | 'instanceProfiles' | 'buckets' | 'objects'>;

/** What moto keeps, but for what it has from its start. */
export async function motoListing(moto: MotoProxy, regions: readonly string[]): Promise<Listing> {
  const each = async (list: (region: string) => Promise<LeftResource[]>) => (await Promise.all(regions.map(list))).flat();
  const buckets = await listBuckets(moto);
  return {
    securityGroups: await each(async (region) => (
      itemsAt(await moto.ec2(region, undefined, { Action: 'DescribeSecurityGroups' }), 'securityGroupInfo')
        .filter((item) => textAt(item, 'groupName') !== 'default')
        .map((item) => ({ id: textAt(item, 'groupId'), region, name: textAt(item, 'groupName'), tags: tagsOf(item) }))
    )),
    launchTemplates: await each(async (region) => (
      itemsAt(await moto.ec2(region, undefined, { Action: 'DescribeLaunchTemplates' }), 'launchTemplates')
        .map((item) => ({ id: textAt(item, 'launchTemplateId'), region, name: textAt(item, 'launchTemplateName'), tags: tagsOf(item) }))
    )),
    parameters: await each((region) => listParameters(moto, region)),
    roles: await listIam(moto, 'ListRoles', 'Roles', 'RoleName'),
    instanceProfiles: await listIam(moto, 'ListInstanceProfiles', 'InstanceProfiles', 'InstanceProfileName'),
    buckets,
    objects: (await Promise.all(buckets.map(({ id }) => listObjects(moto, id)))).flat(),
  };
}

function tagsOf(item: XmlElement): { readonly [key: string]: string } {
  return Object.fromEntries(itemsAt(item, 'tagSet').map((tag) => [textAt(tag, 'key'), textAt(tag, 'value')]));
}

async function listParameters(moto: MotoProxy, region: string): Promise<LeftResource[]> {
  const found: LeftResource[] = [];
  let token: string | undefined;
  do {
    const answer = await moto.send({
      method: 'POST',
      path: '/',
      body: JSON.stringify({ MaxResults: 50, NextToken: token }),
      headers: { 'authorization': scopeOf(region, 'ssm'), 'x-amz-target': 'AmazonSSM.DescribeParameters', 'content-type': 'application/x-amz-json-1.1' },
    });
    const said = JSON.parse(answer.body.toString()) as { readonly Parameters?: readonly { readonly Name: string }[]; readonly NextToken?: string };
    found.push(...(said.Parameters ?? []).map(({ Name: id }) => ({ id, region, tags: {} })));
    token = said.NextToken;
  } while (token);
  return found;
}

async function listIam(moto: MotoProxy, action: string, list: string, name: string): Promise<LeftResource[]> {
  const answer = await moto.send({
    method: 'POST',
    path: '/',
    body: new URLSearchParams({ Action: action, Version: '2010-05-08' }).toString(),
    headers: { 'authorization': scopeOf('us-east-1', 'iam'), 'content-type': 'application/x-www-form-urlencoded' },
  });
  const result = parseXml(answer.body.toString()).children.find((one) => one.name.endsWith('Result'));
  return itemsAt(result, list).map((item) => ({ id: textAt(item, name), region: 'global', tags: {} }));
}

async function listBuckets(moto: MotoProxy): Promise<LeftResource[]> {
  const answer = await moto.send({ method: 'GET', path: '/', body: '', headers: { authorization: scopeOf('us-east-1', 's3') } });
  return itemsAt(parseXml(answer.body.toString()), 'Buckets').map((item) => ({ id: textAt(item, 'Name'), region: 'global', tags: {} }));
}

async function listObjects(moto: MotoProxy, bucket: string): Promise<LeftResource[]> {
  const found: LeftResource[] = [];
  let token: string | undefined;
  do {
    const query = `list-type=2${token ? `&continuation-token=${encodeURIComponent(token)}` : ''}`;
    const answer = await moto.send({ method: 'GET', path: `/${bucket}?${query}`, body: '', headers: { authorization: scopeOf('us-east-1', 's3') } });
    const root = parseXml(answer.body.toString());
    for (const one of root.children) {
      if (one.name === 'Contents') { found.push({ id: `${bucket}/${textAt(one, 'Key')}`, region: 'global', tags: {} }); }
    }
    token = child(root, 'NextContinuationToken')?.text;
  } while (token);
  return found;
}
