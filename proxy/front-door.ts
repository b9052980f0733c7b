import { once } from "node:events";
import { createServer } from "node:net";
import type { ListenAddress } from "./acceptor.ts";
import { bind, type Service } from "./service.ts";

export interface FrontDoor {
  /** As bound. */
  readonly port: number;
  /** Accepts no more, then as the service's; so does `retire`. */
  drain(): Promise<number>;
  retire(): Promise<number>;
  cut(): void;
}

/**
 * Opens a service and a port for it in this process: what a primary does for its workers, for whoever needs none.
 * Rejects with BindError.
 */
export async function openFrontDoor(service: Service, { host, port, setting }: ListenAddress): Promise<FrontDoor> {
  await service.open();
  const server = createServer({ noDelay: true }, (socket) => service.take(socket));
  const listen = async (address: { host: string; port: number }) => {
    server.listen({ ...address, exclusive: true });
    await once(server, "listening");
  };
  const bound = await bind({ server, listen }, host, port, setting);
  const ending = (end: () => Promise<number>) => () => {
    server.close();
    return end();
  };
  return {
    port: bound,
    drain: ending(() => service.drain()),
    retire: ending(() => service.retire()),
    cut: () => service.cut(),
  };
}
