import { bootDisk } from '../../../lib/hosts/sandbox/qemu-machine';

/** Boots a disk, prints the process ID of its QEMU, and waits to be killed. */
async function main(): Promise<void> {
  const [qcow2, folder] = process.argv.slice(2);
  const machine = await bootDisk({ disk: { file: qcow2, format: 'qcow2' }, folder, requirements: {}, architecture: 'x86_64' });
  console.log(/\d+$/.exec(machine.description)![0]);
}

void main();
