import type { Credentials } from './credentials';
import { scopeOf, type MotoProxy } from './moto-proxy';
import { parseXml, textAt, type XmlElement } from './protocol/xml';

/** What a role's session signs with. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When they end, as ISO 8601. */
  readonly expiration: string;
}

/** Sessions of the roles that services act in. */
export class RoleSessions {
  constructor(private readonly moto: MotoProxy, private readonly credentials: Credentials) {}

  /** A session of a role for a service such as `lambda.amazonaws.com`. Undefined where there is no such role, or it does not trust the service. */
  async assume(roleArn: string, service: string, sessionName: string): Promise<SessionCredentials | undefined> {
    const answer = await this.query('sts', '2011-06-15', 'test', { Action: 'AssumeRole', RoleArn: roleArn, RoleSessionName: sessionName.slice(0, 64) });
    if (!answer) { return undefined; }
    const given = parseXml(this.credentials.issue(answer)).children[0]?.children.find(({ name }) => name === 'Credentials');
    const session = sessionIn(given);
    const role = await this.query('iam', '2010-05-08', session.accessKeyId, { Action: 'GetRole', RoleName: roleArn.split('/').pop()! });
    const trust = role && /<AssumeRolePolicyDocument>([^<]*)</.exec(role)?.[1];
    return trust && trusts(decodeURIComponent(trust), service) ? session : undefined;
  }

  private async query(service: string, version: string, accessKey: string, input: { readonly [name: string]: string }): Promise<string | undefined> {
    const answer = await this.moto.send({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'authorization': scopeOf('us-east-1', service, accessKey) },
      body: new URLSearchParams({ Version: version, ...input }).toString(),
    });
    return answer.status < 400 ? answer.body.toString() : undefined;
  }
}

function sessionIn(element: XmlElement | undefined): SessionCredentials {
  return {
    accessKeyId: textAt(element, 'AccessKeyId'),
    secretAccessKey: textAt(element, 'SecretAccessKey'),
    sessionToken: textAt(element, 'SessionToken'),
    expiration: textAt(element, 'Expiration'),
  };
}

function trusts(document: string, service: string): boolean {
  const { Statement } = JSON.parse(document.replace(/&quot;/g, '"')) as { readonly Statement: readonly { readonly Principal?: { readonly Service?: string | string[] } }[] };
  return [Statement].flat().some(({ Principal }) => [Principal?.Service ?? []].flat().includes(service));
}
