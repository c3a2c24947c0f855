import { Duplex } from 'stream';
import type { Dialer } from '../../lib/ports/dialer';

/** What lies between here and a machine, and breaks where a test wants it. */
export class Gate {
  private readonly open = new Set<Duplex>();
  private frozen = false;

  /** The same way, through here. */
  through(dial: Dialer): Dialer {
    return async (port, options) => {
      const far = await dial(port, options);
      const near = new Duplex({
        read: () => { far.resume(); },
        write: (data, _encoding, done) => { if (this.frozen) { done(); } else { far.write(data, () => done()); } },
        final: (done) => { far.end(); done(); },
        destroy: (error, done) => { this.open.delete(near); far.destroy(); done(error); },
      });
      this.open.add(near);
      far.on('data', (data) => { if (!this.frozen && !near.push(data)) { far.pause(); } });
      far.once('end', () => { if (!this.frozen) { near.push(null); } });
      far.once('error', () => near.destroy());
      far.once('close', () => { if (!this.frozen) { near.destroy(); } });
      return near;
    };
  }

  /** Breaks all that goes through it. Returns how many streams those were. */
  cut(): number {
    return [...this.open].map((stream) => stream.destroy()).length;
  }

  /** From now on nothing passes, and nobody is told. */
  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
  }
}
