/** What a communicator wants of a launch, so that it can reach the machine. */
export interface LaunchRequirements {
  /** Lets this key log in as root (or as the source's login user, who may become root). OpenSSH format. */
  readonly authorizedKey?: string;
  /** The machine presents this host key, known before first contact. OpenSSH private key, ed25519. */
  readonly hostKey?: { readonly privateKey: string; readonly publicKey: string };
}
