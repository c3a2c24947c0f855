/** Where the finished image goes. A change here distributes anew and never builds anew. */
export interface DistributionOptions {
  /**
   * Regions to copy the image to, beside the one that it is built in.
   *
   * @default - none
   */
  readonly regions?: string[];

  /**
   * Accounts to share the image with, by their 12 digits.
   *
   * @default - none
   */
  readonly accounts?: string[];

  /**
   * Tags of the image and its snapshots.
   *
   * @default - only the tags that every image of this library has
   */
  readonly tags?: { [key: string]: string };
}
