/** Key of the tag that has the value `true` on all that is ours in an account. */
export const MANAGED_TAG = 'golden:managed';
