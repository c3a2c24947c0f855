import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { text } from 'stream/consumers';

/** What a machine says, in the order in which it comes: `said[case]` has a line for each, which begins with the build of the machine. */
export class Witness {
  static async start(): Promise<Witness> {
    const witness = new Witness();
    await new Promise<void>((resolve) => witness.server.listen(0, '127.0.0.1', resolve));
    return witness;
  }

  private readonly said = new Map<string, { readonly build: string; readonly words: string }[]>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      void text(request).then((words) => {
        const [, name, build] = request.url!.split('/');
        this.said.set(name, [...this.said.get(name) ?? [], { build, words }]);
        response.end();
      }, () => response.destroy());
    });
  }

  /** Where machines of the sandbox reach it for a case. */
  urlFor(name: string): string {
    return `http://10.0.2.2:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  /** What the machine of each build said, in the order in which they began. */
  heard(name: string): readonly (readonly string[])[] {
    const said = this.said.get(name) ?? [];
    const builds = [...new Set(said.map(({ build }) => build))];
    return builds.map((build) => said.filter((one) => one.build === build).map(({ words }) => words));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
