import type { MotoAnswer } from '../moto-proxy';
import { codedError } from '../moto-proxy';
import { escapeXml, parseXml, type XmlElement } from '../protocol/xml';
import type { Call } from '../world';

/** An answer of moto, to be handed on as it is. */
export class Relayed {
  constructor(readonly answer: MotoAnswer) {}

  get root(): XmlElement {
    return parseXml(this.answer.body.toString());
  }

  /** The same with another content. */
  with(root: XmlElement): Relayed {
    return new Relayed({ ...this.answer, body: Buffer.from(writeElement(root)) });
  }
}

/** Asks moto what a caller asked us. Throws its coded error; a crash of moto is one too. */
export async function relay(call: Call): Promise<Relayed> {
  const answer = await call.world.moto.send({
    method: 'POST',
    path: '/',
    body: call.body,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'authorization': call.authorization },
  });
  if (answer.status >= 400) { throw codedError(answer.body.toString(), answer.status); }
  return new Relayed(answer);
}

function writeElement({ name, text, children }: XmlElement): string {
  const namespace = name.endsWith('Response') ? ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"' : '';
  return `<${name}${namespace}>${children.length > 0 ? children.map(writeElement).join('') : escapeXml(text)}</${name}>`;
}
