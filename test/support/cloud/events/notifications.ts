import { scopeOf, type MotoProxy } from '../moto-proxy';
import { parseXml, type XmlElement } from '../protocol/xml';

/** A message that a topic was given. */
export interface Notification {
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
  /** The service that published it; absent for a call of the API. */
  readonly by?: string;
}

interface TopicStatement {
  readonly Principal: { readonly Service?: string | string[] };
  readonly Action: string | string[];
}

/** What topics of SNS were given, for tests to read. The topics themselves are moto's. */
export class Notifications {
  readonly sent: Notification[] = [];

  constructor(private readonly moto: MotoProxy) {}

  record(notification: Notification): void {
    this.sent.push(notification);
  }

  /** A message of another service. Answers why it could not be given, if so. */
  async publish(topicArn: string, message: string, service: string): Promise<string | undefined> {
    const attributes = await this.moto.send({
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'authorization': scopeOf(topicArn.split(':')[3], 'sns') },
      body: new URLSearchParams({ Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn: topicArn }).toString(),
    });
    if (attributes.status >= 400) { return 'Topic does not exist'; }
    const policy = entryOf(parseXml(attributes.body.toString()), 'Policy') ?? '{"Statement":[]}';
    const { Statement } = JSON.parse(policy) as { readonly Statement: readonly TopicStatement[] };
    const isAllowed = [Statement].flat().some(({ Principal, Action }) => (
      [Principal.Service ?? []].flat().includes(service) && [Action].flat().some((one) => /^sns:(publish|\*)$/i.test(one))
    ));
    if (!isAllowed) { return `The topic's policy does not let ${service} publish`; }
    this.record({ topicArn, message, by: service });
    return undefined;
  }

  clear(): void {
    this.sent.length = 0;
  }
}

function entryOf(element: XmlElement, key: string): string | undefined {
  if (element.name === 'entry' && element.children.find(({ name }) => name === 'key')?.text === key) {
    return element.children.find(({ name }) => name === 'value')?.text;
  }
  for (const inner of element.children) {
    const found = entryOf(inner, key);
    if (found !== undefined) { return found; }
  }
  return undefined;
}
