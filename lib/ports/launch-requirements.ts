/** What a communicator wants of a launch, so that it can reach the machine. */
export interface LaunchRequirements {
  /** Lets this key log in as root (or as the source's login user, who may become root). OpenSSH format. */
  readonly authorizedKey?: string;
  /** The machine presents this host key, known before first contact. OpenSSH private key, ed25519. */
  readonly hostKey?: { readonly privateKey: string; readonly publicKey: string };
  /** Name of a key pair that the account has. */
  readonly keyPairName?: string;
  /** The TCP port that has to be reachable from here. Absent: none. */
  readonly inboundPort?: number;
  /** By which of its addresses it is reached. @default the public one, else the private one */
  readonly address?: 'public' | 'private';
  /** It is reached through AWS Systems Manager: it needs the agent, and a role. */
  readonly managed?: boolean;
}
