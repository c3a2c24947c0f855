import { Stack, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { deliveryFaults } from './delivery-faults';
import { keyValue } from './key-value';
import { lateReader } from './late-values';
import type { Fault } from '../../errors';
import type { DeliverySpec, RegionSpec } from '../../plan/delivery';
import type { AmiImageProps } from '../ami-image-props';
import type { DistributionOptions } from '../distribution-options';
import { sharingFaults } from './sharing-faults';
import { tokenFaults } from '../lowering/token-faults';

/** Where an image goes, but for the parameter that its hash names, and everything that is wrong with it. */
export interface RenderedDelivery {
  readonly delivery: Omit<DeliverySpec, 'parameterName'>;
  readonly faults: readonly Fault[];
}

/** Renders where an image goes. Never throws for what a user gave. Keys that are declared in other stacks become outputs there. */
export function renderDelivery(image: Construct, name: string, props: AmiImageProps): RenderedDelivery {
  const path = image.node.path;
  const faults: Fault[] = [];
  const report = (fault: Fault) => { faults.push({ ...fault, path }); };
  const read = lateReader(image, report);
  const { distribution = {}, encryptionKey, encrypted = true } = props;
  const delivery: Omit<DeliverySpec, 'parameterName'> = {
    name,
    description: props.description,
    tags: distribution.tags ?? {},
    regions: copyRegions(image, distribution).map((region): RegionSpec => {
      const key = (distribution.encryptionKeys as { [region: string]: IKey | undefined } | undefined)?.[region];
      return { region, encryptionKey: key && keyValue(key, `distribution.encryptionKeys.${region}`, read) };
    }),
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
  faults.push(...tokenFaults(delivery, path, 'delivery'));
  [
    ...deliveryFaults(delivery),
    ...sharingFaults(delivery, { home: encryptionKey !== undefined, regions: Object.keys(distribution.encryptionKeys ?? {}) }),
  ].forEach(report);
  return { delivery, faults };
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
