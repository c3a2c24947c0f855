import { createSocket } from 'dgram';
import { isIP } from 'net';
import { GoldenError } from '../../errors';

const ADDRESS_SERVICE = 'https://checkip.amazonaws.com';
const ANSWER_MS = 10_000;

/** The address that this computer has on the internet, as a range of one. Errors: `unknown-address`. */
export async function publicCaller(given?: string): Promise<string> {
  return rangeOf(given ?? await askAddress());
}

/** The address that this computer reaches these private addresses from, as a range of one. */
export async function privateCaller(addresses: readonly string[], given?: string): Promise<string> {
  if (given) { return rangeOf(given); }
  const [first] = addresses;
  if (!first) { throw unknown('The VPC has no addresses'); }
  return rangeOf(await localAddressTo(first.split('/')[0]));
}

async function askAddress(): Promise<string> {
  try {
    const answer = await fetch(ADDRESS_SERVICE, { signal: AbortSignal.timeout(ANSWER_MS) });
    return (await answer.text()).trim();
  } catch (error) {
    throw unknown(`${ADDRESS_SERVICE} does not answer: ${(error as Error).message}`, error);
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
