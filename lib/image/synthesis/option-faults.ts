import { Token } from 'aws-cdk-lib';
import type { Fault } from '../../errors';
import type { CommunicatorSpec } from '../../plan/builder';
import type { DeliverySpec } from '../../plan/delivery';

/** What is wrong with where the image goes. CDK tokens are reported elsewhere. */
export function deliveryFaults({ name, sharing: { accounts }, regions, tags }: DeliverySpec, path: string): Fault[] {
  return [
    ...odd(/^[A-Za-z0-9()[\] ./'@_-]{1,96}$/, [name]).map((text) => ({
      code: 'invalid-name', message: `${text} cannot be the name of an image`, hint: 'Use 1 to 96 letters, digits, spaces and ( ) [ ] . / - \' @ _', path,
    })),
    ...odd(/^[0-9]{12}$/, accounts).map((text) => ({
      code: 'invalid-account', message: `${text} is not the number of an account`, hint: 'Give its 12 digits.', path,
    })),
    ...odd(/^[a-z]{2,}(-[a-z]+)+-[0-9]+$/, regions.map(({ region }) => region)).map((text) => ({
      code: 'invalid-region', message: `${text} is not the name of a region`, hint: 'Give one such as eu-west-1.', path,
    })),
    ...odd(/^(?!aws:)[^\0]{1,128}$/i, Object.keys(tags)).map((text) => ({
      code: 'invalid-tag', message: `${text} cannot be the key of a tag`, hint: 'Use 1 to 128 characters, and no aws: at the start.', path,
    })),
  ];
}

/** What is wrong with how bytes are to reach the machine. */
export function communicatorFaults(communicator: CommunicatorSpec, path: string): Fault[] {
  if (communicator.type !== 'ssh' || Token.isUnresolved(communicator.port)) { return []; }
  const { port } = communicator;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) { return []; }
  return [{ code: 'invalid-port', message: `${port} is not the number of a port`, hint: 'Give a whole number from 1 to 65535.', path }];
}

function odd(form: RegExp, texts: readonly string[]): string[] {
  return texts.filter((text) => !Token.isUnresolved(text) && !form.test(text)).map((text) => JSON.stringify(text));
}
