import { mkdir } from 'fs/promises';
import { join } from 'path';

/** A layer's name in the file system: short, because the options of an overlay mount have to fit on one page of memory. */
const LAYER_NAME_LENGTH = 32;

/** Where the sandbox keeps what: bases, layers and machines, side by side in one file system. */
export class SandboxFolder {
  readonly path: string;

  constructor(stateFolder: string) {
    this.path = join(stateFolder, 'sandbox');
  }

  /** Makes it. What a machine's root may do as that user is nothing for other users of this computer. */
  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  get bases(): string { return join(this.path, 'bases'); }
  get layers(): string { return join(this.path, 'layers'); }
  get machines(): string { return join(this.path, 'machines'); }

  /** Root folder of a base, relative to `path`: a lower folder of overlays. */
  baseRoot(id: string): string { return `bases/${id}/root`; }

  layer(key: string): string { return join(this.layers, layerName(key)); }

  /** What a layer changes, relative to `path`: a lower folder of overlays. */
  layerDisk(key: string): string { return `layers/${layerName(key)}/disk`; }

  machine(id: string): string { return join(this.machines, id); }
}

function layerName(key: string): string {
  return key.slice(0, LAYER_NAME_LENGTH);
}
