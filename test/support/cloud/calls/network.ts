import { keyArn } from './devices';
import { textAt, type XmlElement } from '../protocol/xml';
import { action, type Call } from '../world';
import { Relayed, relay } from './relay';

export const NETWORK_CALLS = {
  DescribeSubnets: action('SubnetId Filter MaxResults NextToken', async (call) => withFreeAddresses(call, await relay(call))),

  GetEbsEncryptionByDefault: action('', ({ world, region }) => (
    { ebsEncryptionByDefault: world.settings.encryptionByDefault.includes(region.name), sseType: 'sse-ebs' }
  )),
  GetEbsDefaultKmsKeyId: action('', (call) => ({ kmsKeyId: keyArn(call) })),
};

/** Our instances take addresses of moto's subnets. */
function withFreeAddresses({ region }: Call, answer: Relayed): Relayed {
  const used = new Map<string, number>();
  for (const { subnetId, state } of region.instances.values()) {
    if (state !== 'terminated') { used.set(subnetId, (used.get(subnetId) ?? 0) + 1); }
  }
  if (used.size === 0) { return answer; }
  const { root } = answer;
  const lower = (subnet: XmlElement): XmlElement => {
    const taken = used.get(textAt(subnet, 'subnetId')) ?? 0;
    return {
      ...subnet,
      children: subnet.children.map((one) => (
        one.name === 'availableIpAddressCount' ? { ...one, text: String(Number(one.text) - taken) } : one
      )),
    };
  };
  return answer.with({
    ...root,
    children: root.children.map((list) => (
      list.name === 'subnetSet' ? { ...list, children: list.children.map(lower) } : list
    )),
  });
}
