import { createSocket } from 'dgram';
import type { IncomingMessage } from 'http';
import { get } from 'https';
import { isIP } from 'net';
import { GoldenError } from '../../errors';
import type { NetworkAgents } from '../../ports/cloud-access';

const ADDRESS_SERVICE = 'https://checkip.amazonaws.com';
const ANSWER_MS = 10_000;

/** The address that this computer has on the internet, as a range of one. Errors: `unknown-address`. */
export async function publicCaller(agents: NetworkAgents, given?: string, service = ADDRESS_SERVICE): Promise<string> {
  return rangeOf(given ?? await askAddress(agents, service));
}

/** The address that this computer reaches these private addresses from, as a range of one. */
export async function privateCaller(addresses: readonly string[], given?: string): Promise<string> {
  if (given) { return rangeOf(given); }
  const [first] = addresses;
  if (!first) { throw unknown('The VPC has no addresses'); }
  return rangeOf(await localAddressTo(first.split('/')[0]));
}

async function askAddress({ https: agent }: NetworkAgents, service: string): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(service, { agent, signal: AbortSignal.timeout(ANSWER_MS) }, resolve).on('error', reject);
    });
    for await (const chunk of answer) { chunks.push(chunk as Buffer); }
    if (answer.statusCode !== 200) { throw new Error(`its answer was ${answer.statusCode}`); }
    return Buffer.concat(chunks).toString().trim();
  } catch (error) {
    throw unknown(`${service} does not answer: ${(error as Error).message}`, error);
  }
}

/** By the system's own routes; nothing is sent. */
function localAddressTo(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => reject(unknown(`There is no way to ${address}: ${error.message}`, error)));
    socket.connect(9, address, () => {
      const local = socket.address().address;
      socket.close();
      resolve(local);
    });
  });
}

function rangeOf(address: string): string {
  const family = isIP(address.split('/')[0]);
  if (family === 0) { throw unknown(`${address} is no address`); }
  return address.includes('/') ? address : `${address}/${family === 4 ? 32 : 128}`;
}

function unknown(message: string, cause?: unknown): GoldenError {
  return new GoldenError('unknown-address', `The address of this computer is not known: ${message}`, {
    hint: 'Set GOLDEN_CALLER_ADDRESS to the address that the machine will see, or use the communicator ssm, which needs none.', cause,
  });
}
