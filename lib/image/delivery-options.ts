/** How `cdk deploy` builds an image. */
export interface OnDeployOptions {
  /**
   * Build also where the stack does not say its account and region: in those of the credentials that deploy. Without it the
   * deployment of such a stack is refused, since a build in the wrong account costs money and leaves an image there.
   *
   * @default false
   */
  readonly anyEnvironment?: boolean;

  /**
   * Role that the build assumes, as a plain ARN. Whoever deploys needs the permission to assume it, and none of those that the
   * build needs.
   *
   * @default - the build uses the credentials of who deploys
   */
  readonly buildRoleArn?: string;

  /**
   * Where records and locks of builds are kept: `s3://BUCKET/PREFIX`, so that several computers see each other's builds.
   *
   * @default - on the computer that deploys
   */
  readonly state?: string;

  /**
   * Bucket for files on their way to a machine.
   *
   * @default - one of the account's that is made when it is needed
   */
  readonly stagingBucket?: string;
}
