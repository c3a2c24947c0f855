import { ApiError } from './protocol/api-error';
import type { Protocol } from './protocol/wire';
import { parseXml, textAt } from './protocol/xml';
import type { World } from './world';

/** Credentials that AssumeRole gave, and when they end. */
export class Credentials {
  private readonly issued = new Map<string, { readonly account: string; readonly role: string; readonly until: number }>();

  constructor(private readonly world: World, private readonly defaultAccount: string) {}

  account(accessKey: string): string {
    return this.issued.get(accessKey)?.account ?? this.defaultAccount;
  }

  /** Name of the role whose session has this key. */
  role(accessKey: string): string | undefined {
    return this.issued.get(accessKey)?.role;
  }

  /** Throws where the credentials of a call have ended. */
  check(accessKey: string, service: string, protocol: Protocol): void {
    const known = this.issued.get(accessKey);
    if (!known || this.world.clock.now() < known.until) { return; }
    if (protocol === 'ec2') { throw new ApiError('RequestExpired', 'Request has expired.'); }
    const code = protocol === 'json' ? 'ExpiredTokenException' : 'ExpiredToken';
    throw new ApiError(code, 'The security token included in the request is expired', service === 'sts' || service === 'iam' ? 403 : 400);
  }

  /** Takes down what moto's AssumeRole answered, with the end that is ours. */
  issue(body: string): string {
    const credentials = parseXml(body).children[0]?.children.find(({ name }) => name === 'Credentials');
    const accessKey = textAt(credentials, 'AccessKeyId');
    const [, account = this.defaultAccount, role = ''] = /arn:aws[\w-]*:sts::(\d{12}):assumed-role\/([^/<]+)/.exec(body) ?? [];
    const seconds = this.world.settings.credentialSeconds;
    const until = seconds === undefined ? Date.parse(textAt(credentials, 'Expiration')) : this.world.clock.now() + seconds * 1000;
    this.issued.set(accessKey, { account, role, until });
    return body.replace(/<Expiration>[^<]*<\/Expiration>/, `<Expiration>${new Date(until).toISOString()}</Expiration>`);
  }

  clear(): void {
    this.issued.clear();
  }
}
