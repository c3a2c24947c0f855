/* What the benchmark builds on EC2: the steps of one workload, on Debian, over SSH. */
import { App, Stack } from 'aws-cdk-lib';
import { provisioners, type Step } from './workloads';
import * as golden from '../../lib/index';

const steps = JSON.parse(process.env.BENCH_STEPS!) as readonly Step[];
const count = Number(process.env.BENCH_IMAGES ?? 1);
const stack = new Stack(new App(), 'Bench');
for (let i = 0; i < count; i++) {
  new golden.AmiImage(stack, `Image${i}`, {
    source: golden.Source.debian('12'),
    builder: { communicator: golden.Communicator.ssh() },
    provisioners: provisioners([...steps, ...count > 1 ? [{ type: 'shell', inline: [`echo image ${i}`] } as const] : []], golden),
  });
}
