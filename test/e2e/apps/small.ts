import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Check, Provisioner, SecretRef, Source } from 'cdk-golden-image';

/** Small images for the suites that break builds, by name. */
const { IMAGE } = process.env;
const shell = (...inline: string[]) => Provisioner.shell({ inline });

const images: { readonly [name: string]: Pick<ConstructorParameters<typeof AmiImage>[2], 'provisioners' | 'checks'> } = {
  'good': { provisioners: [shell('echo good > /etc/motd')], checks: [Check.file('/etc/motd', { exists: true, contents: ['good'] })] },
  'failing-instruction': { provisioners: [shell('echo before'), shell('echo "the reason" >&2', 'exit 7')] },
  'failing-check': { provisioners: [shell('true')], checks: [Check.file('/etc/absent', { exists: true })] },
  'slow': { provisioners: [shell('echo ready', 'sleep 300')] },
  'secret': {
    provisioners: [
      Provisioner.shell({
        inline: [
          'printf %s "$TOKEN" | sha256sum',
          'echo "raw $TOKEN"',
          'printf "%s" "$TOKEN" | base64 -w0; echo',
          'printf "%s" "$TOKEN" > /run/kept-in-memory',
        ],
        secrets: { TOKEN: SecretRef.environment('GOLDEN_TEST_TOKEN') },
      }),
      shell('test -z "${TOKEN:-}"', 'rm /run/kept-in-memory'),
    ],
  },
};

new AmiImage(new Stack(new App(), 'Small'), 'Image', { source: Source.debian('12'), ...images[IMAGE!] });
