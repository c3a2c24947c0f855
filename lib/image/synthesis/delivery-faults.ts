import { oddTexts, tagFaults } from './odd-texts';
import type { Fault } from '../../errors';
import type { DeliverySpec } from '../../plan/delivery';

/** Days after which EC2 lets an image be deprecated at the latest: ten years, two for one that everybody may launch. */
const LATEST_DEPRECATION = 3650;
const LATEST_PUBLIC_DEPRECATION = 730;

/** What is wrong with where an image goes, but for whom it is shared with. CDK tokens are reported elsewhere. */
export function deliveryFaults({ name, regions, tags, deprecateAfterDays, sharing }: Omit<DeliverySpec, 'parameterName'>): Fault[] {
  return [
    ...oddTexts(/^[A-Za-z0-9()[\] ./'@_-]{1,96}$/, [name]).map((text) => ({
      code: 'invalid-name', message: `${text} cannot be the name of an image`, hint: 'Use 1 to 96 letters, digits, spaces and ( ) [ ] . / - \' @ _',
    })),
    ...oddTexts(/^[a-z]{2,}(-[a-z]+)+-[0-9]+$/, regions.map(({ region }) => region)).map((text) => ({
      code: 'invalid-region', message: `${text} is not the name of a region`, hint: 'Give one such as eu-west-1.',
    })),
    ...tagFaults(tags),
    ...deprecationFaults(deprecateAfterDays, sharing.public),
  ];
}

/** What is wrong with the name of the role that tells other accounts of an image. */
export function roleNameFaults(name: string | undefined): Fault[] {
  return oddTexts(/^[A-Za-z0-9_+=,.@-]{1,64}$/, name === undefined ? [] : [name]).map((text) => ({
    code: 'invalid-name', message: `${text} cannot be the name of a role`, hint: 'Give the roleName of the DeliveryRole, without a path.',
  }));
}

function deprecationFaults(days: number | undefined, everybody: boolean): Fault[] {
  if (days === undefined) { return []; }
  const latest = everybody ? LATEST_PUBLIC_DEPRECATION : LATEST_DEPRECATION;
  if (Number.isInteger(days) && days >= 1 && days <= latest) { return []; }
  return [{
    code: 'invalid-deprecation',
    message: `deprecateAfter is ${days} days`,
    hint: `Give whole days, from 1 to ${latest}${everybody ? ', the most for an image that everybody may launch' : ''}.`,
  }];
}
