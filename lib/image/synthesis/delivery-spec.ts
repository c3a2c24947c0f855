import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { deliveryFaults, roleNameFaults } from './delivery-faults';
import { keyValue } from './key-value';
import { lateReader } from './late-values';
import type { Fault } from '../../errors';
import type { DeliverySpec } from '../../plan/delivery';
import type { LateValue } from '../../plan/values';
import type { AmiImageProps } from '../ami-image-props';
import type { Places } from '../delivery/consumers';
import type { DistributionOptions } from '../distribution-options';
import { sharingFaults } from './sharing-faults';
import { tokenFaults } from '../lowering/token-faults';

/** Where an image goes, but for the parameter that its hash names. */
type Delivery = Omit<DeliverySpec, 'parameterName'>;

/** Where an image goes, and everything that is wrong with it. */
export interface RenderedDelivery {
  readonly delivery: Delivery;
  readonly faults: readonly Fault[];
}

/** Where an image goes by what its user said of it. Stacks that use it may still add to that. */
export interface DeclaredDelivery extends RenderedDelivery {
  /** The keys of copies, by region. */
  readonly keys: ReadonlyMap<string, LateValue | undefined>;
  readonly hasHomeKey: boolean;
}

/** Renders where an image goes. Never throws for what a user gave. Keys that are declared in other stacks become outputs there. */
export function declareDelivery(image: Construct, name: string, props: AmiImageProps): DeclaredDelivery {
  const path = image.node.path;
  const faults: Fault[] = [];
  const report = (fault: Fault) => { faults.push({ ...fault, path }); };
  const read = lateReader(image, report);
  const { distribution = {}, encryptionKey, encrypted = true } = props;
  const keys = new Map(Object.entries(distribution.encryptionKeys ?? {}).map(([region, key]) => [region, keyValue(key, `distribution.encryptionKeys.${region}`, read)]));
  const delivery: Delivery = {
    name,
    description: props.description,
    tags: distribution.tags ?? {},
    regions: copyRegions(image, distribution).map((region) => ({ region, encryptionKey: keys.get(region) })),
    encryption: { encrypted, key: encryptionKey && keyValue(encryptionKey, 'encryptionKey', read) },
    sharing: {
      accounts: distribution.accounts ?? [],
      organizations: distribution.organizationArns ?? [],
      organizationalUnits: distribution.organizationalUnitArns ?? [],
      public: distribution.publiclyAccessible ?? false,
      snapshots: distribution.shareSnapshots ?? false,
    },
    deprecateAfterDays: days(distribution, report),
    deregistrationProtection: distribution.deregistrationProtection,
    imdsV2: distribution.requireImdsv2 ?? true,
  };
  const { deliveryRoleName } = distribution;
  faults.push(...tokenFaults(delivery, path, 'delivery'), ...tokenFaults({ deliveryRoleName }, path, 'distribution'));
  roleNameFaults(deliveryRoleName).forEach(report);
  return { delivery, faults, keys, hasHomeKey: encryptionKey !== undefined };
}

/** Adds the places where stacks of the app use the image, and says what is wrong with all of it. */
export function renderDelivery(image: Construct, declared: DeclaredDelivery, places: Places): RenderedDelivery {
  const { faults, keys, hasHomeKey } = declared;
  const { regions, sharing } = declared.delivery;
  const further = places.regions.filter((region) => !regions.some((known) => known.region === region));
  const delivery: Delivery = {
    ...declared.delivery,
    regions: [...regions, ...further.map((region) => ({ region, encryptionKey: keys.get(region) }))],
    sharing: { ...sharing, accounts: [...new Set([...sharing.accounts, ...places.accounts])] },
    ...places.consumers.length > 0 && { consumers: places.consumers },
  };
  const found = [...deliveryFaults(delivery), ...sharingFaults(delivery, { home: hasHomeKey, regions: [...keys.keys()] })];
  return { delivery, faults: [...faults, ...found.map((fault) => ({ ...fault, path: image.node.path }))] };
}

/** Each once, without the one that the image is built in. */
function copyRegions(image: Construct, { regions = [] }: DistributionOptions): string[] {
  if (Token.isUnresolved(regions)) { return regions; }
  const home = Stack.of(image).region;
  return [...new Set(regions)].filter((region) => Token.isUnresolved(region) || region !== home);
}

function days({ deprecateAfter }: DistributionOptions, report: (fault: Fault) => void): number | undefined {
  if (deprecateAfter?.isUnresolved()) {
    report({ code: 'token', message: 'deprecateAfter holds a CDK token', hint: 'Give a plain duration, such as Duration.days(90).' });
    return undefined;
  }
  return deprecateAfter?.toDays({ integral: false });
}
