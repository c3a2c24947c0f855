import type { ConformanceEntry } from './entry';

const ours = (action: string, behaviour: string): ConformanceEntry => ({
  service: 'ec2', action, behaviour, source: `https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_${action}.html`, by: 'overlay',
});

export const EC2_IMAGE_ENTRIES: readonly ConformanceEntry[] = [
  ours('CreateImage', 'no client token; InvalidAMIName.Duplicate for a name in use; tags on image and snapshots; devices of the instance; pending, then available or failed'),
  ours('RegisterImage', 'keeps every attribute; architecture is i386 and virtualisation paravirtual unless said otherwise; name unique'),
  ours('CopyImage', 'called in the target region; client token; encrypts with a key of the target; tags of the source only where asked for; no launch permissions; fails later'),
  ours('DeregisterImage', 'OperationNotPermitted while protected; snapshots stay unless DeleteAssociatedSnapshots'),
  ours('DescribeImages', 'own, public and shared; unknown filters are an error; pages; an ID that is not there is InvalidAMIID.NotFound; deprecated ones of others only where asked for'),
  ours('DescribeImageAttribute', 'of one\'s own images'),
  ours('ModifyImageAttribute', 'one attribute for each call; accounts, groups, organisations, units; images encrypted with the default key cannot be shared; public ones can be blocked'),
  ours('ResetImageAttribute', 'takes all launch permissions away'),
  ours('EnableImageDeprecation', 'a time in the future, rounded to the minute'),
  ours('DisableImageDeprecation', 'takes the time away'),
  ours('EnableImageDeregistrationProtection', 'with or without cooldown'),
  ours('DisableImageDeregistrationProtection', 'lets it be deregistered; 24 hours later where it was enabled with cooldown'),
  ours('GetImageBlockPublicAccessState', 'unblocked or block-new-sharing'),
  ours('CreateSnapshot', 'point in time of the call; pending, then completed or error; tags'),
  ours('CreateSnapshots', 'of all volumes of an instance'),
  ours('CopySnapshot', 'called in the target region; encryption'),
  ours('DescribeSnapshots', 'own, public and shared; progress in percent'),
  ours('DescribeSnapshotAttribute', 'who may use it'),
  ours('ModifySnapshotAttribute', 'those encrypted with the default key cannot be shared'),
  ours('DeleteSnapshot', 'InvalidSnapshot.InUse while an image has it'),
];
