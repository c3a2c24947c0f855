import type { IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { LateReader } from './late-values';
import type { Fault } from '../../errors';
import type { NetworkSpec } from '../../plan/builder';
import type { LateValue } from '../../plan/values';
import type { BuilderOptions } from '../builder-options';

/** Where in the account the machine stands. Says what cannot be by `report`. */
export function renderNetwork(options: BuilderOptions, read: LateReader, report: (fault: Fault) => void): NetworkSpec {
  const { vpc, vpcSubnets, subnetFilters, securityGroups, securityGroupFilters } = options;
  const bothOf = (one: unknown, other: unknown, names: string, hint: string) => {
    if (one !== undefined && other !== undefined) { report({ code: 'conflicting-options', message: `The builder has ${names}`, hint }); }
  };
  bothOf(vpcSubnets, subnetFilters, 'vpcSubnets and subnetFilters', 'Choose the subnets in one way.');
  bothOf(securityGroups, securityGroupFilters, 'securityGroups and securityGroupFilters', 'Choose the groups in one way.');
  if (vpcSubnets && !vpc && !vpcSubnets.subnets) {
    report({ code: 'no-vpc', message: 'The builder has vpcSubnets and no vpc', hint: 'Give the VPC that they are of, or subnetFilters.' });
  }
  if (securityGroups?.length === 0) {
    report({ code: 'no-security-group', message: 'securityGroups of the builder is empty', hint: 'Give at least one, or leave it out.' });
  }
  const subnetIds = subnetFilters === undefined ? idsOfSubnets(vpc, vpcSubnets, report) : [];
  return {
    vpc: vpc && read(vpc.vpcId, 'builder.vpc'),
    subnets: subnetIds.length === 0 ? undefined : known(subnetIds.map((id) => read(id, 'builder.vpcSubnets'))),
    subnetFilters,
    securityGroups: securityGroups && known(securityGroups.map((group) => read(group.securityGroupId, 'builder.securityGroups'))),
    securityGroupFilters,
    publicIp: options.associatePublicIpAddress,
  };
}

/** CDK throws for a selection that a VPC cannot fulfil. */
function idsOfSubnets(vpc: IVpc | undefined, selection: SubnetSelection | undefined, report: (fault: Fault) => void): readonly string[] {
  if (!vpc) { return selection?.subnets?.map(({ subnetId }) => subnetId) ?? []; }
  try {
    const { subnetIds, isPendingLookup } = vpc.selectSubnets(selection);
    if (subnetIds.length > 0 || selection === undefined || isPendingLookup) { return subnetIds; }
    report({ code: 'no-subnet', message: 'vpcSubnets of the builder selects no subnet', hint: 'Select others, or leave it out.' });
  } catch (error) {
    // Of an imported VPC nothing but its ID may be known.
    if (selection === undefined) { return []; }
    report({ code: 'no-subnet', message: `vpcSubnets of the builder cannot be selected: ${(error as Error).message}`, hint: 'Select others, or leave it out.' });
  }
  return [];
}

function known(values: ReadonlyArray<LateValue | undefined>): LateValue[] {
  return values.filter((value) => value !== undefined);
}
