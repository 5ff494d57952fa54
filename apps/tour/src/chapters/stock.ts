import { goodsFile } from '../goods-file.ts';
import { until } from '../http.ts';
import type { Company } from '../scene.ts';
import type { Page } from '../shop-words.ts';
import { found } from '../surprise.ts';
import type { Choice } from './browsing.ts';

interface StockLevel {
  onHand: number;
  reserved: number;
  available: number;
}

/** Counts what was bought: is it held, has it left the shelf? @throws Surprise */
export async function seeStock(
  { owner }: Company,
  choices: readonly Choice[],
  { reserved, gone }: { reserved: boolean; gone: boolean },
): Promise<void> {
  const { goods } = goodsFile();
  for (const { sku, quantity } of choices) {
    const { stock } = found(`${sku} in the file`, goods.get(sku));
    const wanted = {
      onHand: gone ? stock - quantity : stock,
      reserved: reserved ? quantity : 0,
      available: stock - quantity,
    };
    await until(`stock of ${sku}`, {
      expected: JSON.stringify(wanted),
      ask: async () => {
        const { data } = await owner.get<Page<StockLevel>>(`/v1/stock-levels?sku=${sku}`);
        return found(`GET /v1/stock-levels?sku=${sku}`, data[0]);
      },
      ok: (now) =>
        now.onHand === wanted.onHand && now.reserved === wanted.reserved && now.available === wanted.available,
      withinMs: 5_000,
    });
  }
}
