import { linesOf, type Probe } from './probe';

const NETWORKS = ['tcp', 'tcp6', 'udp', 'udp6'];

/** LISTEN in the kernel's tables. */
const LISTENING = '0A';

/**
 * Sockets of one protocol: `tcp:80`, `tcp6:80`, `udp:53`; a bare number is tcp. A server on all addresses of both
 * protocols shows as tcp6 only, as in the kernel's own tables.
 */
export const portProbe: Probe = {
  command: ({ resource }) => {
    const { network } = split(resource);
    return NETWORKS.includes(network) ? `[ ! -e /proc/net/${network} ] || cat /proc/net/${network}` : 'exit 0';
  },

  parse: (output, { resource }) => {
    const { network, port } = split(resource);
    const sockets = linesOf(output).map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => /^[0-9A-F]+:[0-9A-F]{4}$/.test(local) && (network.startsWith('udp') || state === LISTENING))
      .map(([, local]) => local.split(':'))
      .filter(([, hex]) => String(parseInt(hex, 16)) === port);
    return { listening: { value: sockets.length > 0 }, ip: { value: sockets.map(([address]) => addressOf(address)) } };
  },
};

function split(resource: string): { readonly network: string; readonly port: string } {
  const colon = resource.indexOf(':');
  return colon < 0 ? { network: 'tcp', port: resource } : { network: resource.slice(0, colon), port: resource.slice(colon + 1) };
}

/** The kernel writes each 32-bit word of an address in the byte order of the machine: all we build for are little-endian. */
function addressOf(hex: string): string {
  const bytes = Buffer.concat((hex.match(/.{8}/g) ?? []).map((word) => Buffer.from(word, 'hex').reverse()));
  if (bytes.length === 4) { return [...bytes].join('.'); }
  const mapped = bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex'));
  if (mapped) { return [...bytes.subarray(12)].join('.'); }
  const words = (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
  // A URL writes the shortest form of an address; Goss writes it in capitals.
  return new URL(`http://[${words}]/`).hostname.slice(1, -1).toUpperCase();
}
