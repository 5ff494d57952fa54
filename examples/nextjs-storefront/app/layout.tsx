import Link from 'next/link';
import type { ReactNode } from 'react';

export const metadata = { title: 'A shop on Souk' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body style={{ fontFamily: 'system-ui', maxWidth: '60rem', margin: '0 auto', padding: '1rem' }}>
        <nav style={{ display: 'flex', gap: '1rem' }}>
          <Link href="/">Shop</Link>
          <Link href="/cart">Cart</Link>
        </nav>
        {children}
      </body>
    </html>
  );
}
