/** What EC2 says of what is there, for as long as not all of it has heard of it. For calls about what was seen before. */
export const NOT_YET: readonly string[] = [
  'InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable', 'InvalidSnapshot.NotFound', 'InvalidInstanceID.NotFound', 'InvalidVolume.NotFound', 'InvalidID',
];

/** What is asked for is not there, or not any more. */
export const GONE: ReadonlySet<string | undefined> = new Set([
  'InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable', 'InvalidSnapshot.NotFound', 'InvalidInstanceID.NotFound', 'InvalidVolume.NotFound',
  'InvalidGroup.NotFound', 'InvalidNetworkInterfaceID.NotFound', 'InvalidSpotInstanceRequestID.NotFound', 'ParameterNotFound',
]);
