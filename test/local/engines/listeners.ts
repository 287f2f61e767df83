import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';

const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 });
    const answer = (accepted: boolean) => (): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });

/** This machine's own addresses on which a port accepts connections: all of its interfaces, and 127.0.0.2, which only a
 * listener on every address answers. */
export async function listenersOf(port: number): Promise<string[]> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ scopeid }) => !scopeid).map(({ address }) => address),
  );
  const hosts = [...new Set(['127.0.0.1', '127.0.0.2', ...own])];
  const answers = await Promise.all(hosts.map((host) => accepts(host, port)));
  return hosts.filter((_, at) => answers[at]);
}
