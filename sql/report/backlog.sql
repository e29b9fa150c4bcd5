-- The ledger of what is open, as the run kept it.
SELECT opening, fresh, reopened, resolved, decided, closing FROM backlog WHERE run = ?1
