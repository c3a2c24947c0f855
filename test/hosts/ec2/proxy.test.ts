import { once } from 'events';
import { createServer as createHttps, type Server } from 'https';
import { connect, createServer, type AddressInfo } from 'net';
import { createServer as createTls } from 'tls';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { systemClock } from '../../../lib/cli/wiring';
import { sessionDialer } from '../../../lib/communicators/ssm/session-dialer';
import { SsmApi } from '../../../lib/communicators/ssm/ssm-api';
import { publicCaller } from '../../../lib/hosts/ec2/caller-address';
import { CloudClients } from '../../../lib/hosts/ec2/clients';
import { networkAgents } from '../../../lib/hosts/ec2/network-agents';
import { output } from '../../../lib/process';
import { startSessionService } from '../../communicators/session-service';
import { startCloud, type Cloud } from '../../support/cloud/cloud';
import { startConnectProxy, type ConnectProxy } from '../../support/connect-proxy';
import { privateCertificate, type PrivateCertificate } from '../../support/private-certificate';

const REGION = 'us-east-2';
const usual = { ...process.env };
let aws: Cloud;
let proxy: ConnectProxy;
let certificate: PrivateCertificate;
let secure: ReturnType<typeof createTls>;
let endpoint: string;

beforeAll(async () => {
  [aws, proxy, certificate] = await Promise.all([startCloud(), startConnectProxy(), privateCertificate()]);
  // AWS as it is reached: over TLS.
  secure = createTls({ key: certificate.key, cert: certificate.certificate }, (socket) => {
    const behind = connect(Number(new URL(aws.endpoint).port), 'localhost');
    socket.pipe(behind).pipe(socket);
    socket.on('error', () => behind.destroy());
    behind.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  endpoint = `localhost:${(secure.address() as AddressInfo).port}`;
});
afterAll(async () => {
  restore();
  secure?.close();
  certificate?.remove();
  await proxy?.stop();
  await aws?.stop();
});
beforeEach(() => {
  restore();
  proxy.asked.length = 0;
  Object.assign(process.env, aws.environment, { AWS_ENDPOINT_URL: `https://${endpoint}`, AWS_CA_BUNDLE: certificate.authority });
});

function restore(): void {
  for (const name of Object.keys(process.env)) { if (!(name in usual)) { delete process.env[name]; } }
  Object.assign(process.env, usual);
}

const clients = () => new CloudClients({ clock: systemClock, region: REGION });
const proxyUrl = () => `http://127.0.0.1:${proxy.port}`;

describe('certificates', () => {
  test('AWS_CA_BUNDLE is trusted', async () => {
    expect((await clients().callerIdentity(REGION)).account).toBe(aws.account);
  });

  test('without it, the error says what to set', async () => {
    delete process.env.AWS_CA_BUNDLE;
    await expect(clients().callerIdentity(REGION)).rejects.toMatchObject({
      code: 'untrusted-certificate', message: expect.stringContaining(endpoint), hint: expect.stringContaining('AWS_CA_BUNDLE'),
    });
  });

  test.each([['+1y', 'certificate is not yet valid'], ['-1y', 'certificate has expired']])('one of another time (%s) is told with the time of this computer', async (shift, said) => {
    const other = await privateCertificate(shift);
    try {
      secure.setSecureContext({ key: other.key, cert: other.certificate });
      process.env.AWS_CA_BUNDLE = other.authority;
      await expect(clients().callerIdentity(REGION)).rejects.toMatchObject({
        code: 'untrusted-certificate',
        message: `sts:GetCallerIdentity in us-east-2 was answered by ${endpoint} with a certificate of another time: ${said}`,
        hint: expect.stringMatching(/^The clock of this computer says 20.*: where that is wrong, set it \(timedatectl set-ntp true\)\. Where it is right, that certificate is out of date\.$/),
      });
    } finally {
      secure.setSecureContext({ key: certificate.key, cert: certificate.certificate });
      other.remove();
    }
  });

  test('a bundle that cannot be read is said before anything is asked', () => {
    process.env.AWS_CA_BUNDLE = '/nonexistent/bundle.pem';
    expect(clients).toThrow(expect.objectContaining({ code: 'unreadable-certificates', kind: 'usage' }));
  });

  test('NODE_EXTRA_CA_CERTS is trusted', async () => {
    const program = `
      const { CloudClients } = require('./lib/hosts/ec2/clients.ts');
      const { systemClock } = require('./lib/cli/wiring.ts');
      new CloudClients({ clock: systemClock, region: '${REGION}' }).callerIdentity('${REGION}').then(({ account }) => console.log(account));`;
    const { AWS_CA_BUNDLE: bundle, ...env } = process.env;
    const said = await output([process.execPath, '--require', 'tsx/cjs', '--eval', program], { env: { ...env, NODE_EXTRA_CA_CERTS: bundle } });
    expect(said.trim()).toBe(aws.account);
  });
});

describe('a proxy', () => {
  test('is gone through by all clients, over connections that are used again', async () => {
    process.env.HTTPS_PROXY = proxyUrl();
    const made = clients();
    expect((await made.callerIdentity(REGION)).account).toBe(aws.account);
    await made.ec2(REGION).send(new DescribeVpcsCommand({}));
    await made.ec2(REGION).send(new DescribeVpcsCommand({}));
    expect(proxy.asked).toEqual([endpoint]);
  });

  test('is not asked for what NO_PROXY names', async () => {
    process.env.HTTPS_PROXY = proxyUrl();
    process.env.NO_PROXY = 'example.org,localhost';
    expect((await clients().callerIdentity(REGION)).account).toBe(aws.account);
    expect(proxy.asked).toEqual([]);
  });

  test('for plain HTTP is another one, and may be written without http://', async () => {
    process.env.AWS_ENDPOINT_URL = aws.endpoint;
    process.env.HTTPS_PROXY = 'http://127.0.0.1:9';
    process.env.HTTP_PROXY = `127.0.0.1:${proxy.port}`;
    expect((await clients().callerIdentity(REGION)).account).toBe(aws.account);
    expect(proxy.asked).toEqual([new URL(aws.endpoint).host]);
  });

  test('gets user and password where it wants them, and is said to want them', async () => {
    const guarded = await startConnectProxy({ user: 'build', password: 'p@ss' });
    try {
      process.env.HTTPS_PROXY = `http://127.0.0.1:${guarded.port}`;
      await expect(clients().callerIdentity(REGION)).rejects.toMatchObject({
        code: 'unreachable', message: expect.stringContaining(`the proxy 127.0.0.1:${guarded.port} answered 407: it wants a user and a password`),
      });
      process.env.HTTPS_PROXY = `http://build:p%40ss@127.0.0.1:${guarded.port}`;
      expect((await clients().callerIdentity(REGION)).account).toBe(aws.account);
    } finally {
      await guarded.stop();
    }
  });

  test('that cannot be one is an error without what may be a password', () => {
    process.env.HTTPS_PROXY = 'socks5://build:secret@127.0.0.1:1080';
    expect(clients).toThrow(expect.objectContaining({ code: 'invalid-proxy', message: 'HTTPS_PROXY is no URL of an HTTP proxy' }));
  });

  test('is gone through by the look-up of the own address', async () => {
    const service: Server = createHttps({ key: certificate.key, cert: certificate.certificate }, (_request, response) => { response.end('203.0.113.9\n'); });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    try {
      process.env.HTTPS_PROXY = proxyUrl();
      const place = `localhost:${(service.address() as AddressInfo).port}`;
      expect(await publicCaller(networkAgents(), undefined, `https://${place}`)).toBe('203.0.113.9/32');
      expect(proxy.asked).toEqual([place]);
    } finally {
      service.closeAllConnections();
      service.close();
    }
  });

  test('is gone through by Run Command', async () => {
    process.env.HTTPS_PROXY = proxyUrl();
    const api = new SsmApi(clients().access(REGION));
    const asked = api.call('DescribeInstanceInformation', (client, options) => client.send(new DescribeInstanceInformationCommand({}), options), {
      clock: systemClock, patienceMs: 5_000,
    });
    // This cloud has no Systems Manager: it was reached all the same.
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('DescribeInstanceInformation') });
    expect(proxy.asked).toEqual([endpoint]);
  });

  test('is gone through by the WebSocket of Session Manager', async () => {
    const instanceId = 'i-0123456789abcdef0';
    const service = await startSessionService(instanceId);
    const echo = createServer((socket) => { socket.on('error', () => undefined).pipe(socket); }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    try {
      process.env.HTTP_PROXY = proxyUrl();
      const dial = sessionDialer({ access: clients().access(REGION), instanceId, clock: systemClock });
      const stream = await dial((echo.address() as AddressInfo).port, { timeoutMs: 10_000 });
      const said = new Promise((resolve) => stream.once('data', resolve));
      stream.write('through');
      expect(String(await said)).toBe('through');
      expect(new Set(proxy.asked)).toEqual(new Set([new URL(process.env.AWS_ENDPOINT_URL_SSM!).host]));
      // What ends with the proxy went through it.
      const ended = once(stream, 'close');
      stream.on('error', () => undefined).resume();
      proxy.drop();
      await ended;
    } finally {
      echo.close();
      await service.stop();
    }
  });
});
