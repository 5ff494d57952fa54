import { readFileSync } from 'node:fs';

const FILE = new URL('../catalogue.csv', import.meta.url);
const MINOR_UNITS = 100;

export interface GoodInFile {
  handle: string;
  sku: string;
  /** Minor units. */
  price: number;
  stock: number;
}

/** The catalogue that ships with the tour: its text, and what it says. No cell of it is quoted. */
export function goodsFile(): { name: string; text: string; goods: ReadonlyMap<string, GoodInFile>; products: number } {
  const text = readFileSync(FILE, 'utf8');
  const [head = '', ...rows] = text.trimEnd().split('\n');
  const columns = head.split(',');
  const cell = (row: string, name: string) => row.split(',')[columns.indexOf(name)] ?? '';
  const goods = rows.map((row) => ({
    handle: cell(row, 'handle'),
    sku: cell(row, 'sku'),
    price: Number(cell(row, 'price:NGN')) * MINOR_UNITS,
    stock: Number(cell(row, 'stock:main')),
  }));
  return {
    name: 'catalogue.csv',
    text,
    goods: new Map(goods.map((good) => [good.sku, good])),
    products: new Set(goods.map(({ handle }) => handle)).size,
  };
}
