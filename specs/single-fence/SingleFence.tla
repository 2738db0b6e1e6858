---------------------------- MODULE SingleFence ----------------------------
(***************************************************************************)
(* Fencing tokens of a lock in one store that copies itself to a replica   *)
(* when it gets to it: what acquire.lua, renew.lua and release.lua do.     *)
(*                                                                         *)
(* The store keeps two keys.  The lock says whose it is, with which token, *)
(* and until when.  The counter is the latest token; it expires, too, so   *)
(* that a name that nobody uses any more leaves nothing behind.  A grant's *)
(* token is                                                                *)
(*                                                                         *)
(*     max(counter + 1, tokenAbove + 1, the store's clock)                 *)
(*                                                                         *)
(* and the counter is kept for an hour, and for as long as the lease or as *)
(* the token is ahead of the clock, whichever is longer.                   *)
(*                                                                         *)
(* Checked: tokens that holders got are unique, and if one was got before  *)
(* another claim began to ask, it is the lower one; also when the store    *)
(* fails over to a replica that lags, or is flushed.  As long as the       *)
(* clock is exact and the store forgets nothing: no two holders at once;   *)
(* and a released claim never has the lock again.                          *)
(*                                                                         *)
(* Assumed: the store does one question at a time.  Its clock is wrong by  *)
(* at most Error in either direction, anew at every question, so it may be *)
(* set back; an hour is longer than twice that.  After a loss the next     *)
(* grant is later than the last lost one by more than twice Error (Wait),  *)
(* there is at most one grant per tick, and no lost token was raised above *)
(* the clock by tokenAbove; without a loss none of the three is needed.    *)
(* Answers take any time or are lost; a claim may be asked for again       *)
(* before it was answered; releases and renewals of claims that are over   *)
(* arrive at any time and any number of times.                             *)
(*                                                                         *)
(* Left out: spans of tokens, keepFor, a master that still grants after    *)
(* its replica was promoted (see ClaimOnRead: the guard decides then).     *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Processes,
  Claims,   \* how many claims a process makes, one after the other
  Lease,    \* leaseFor, in ticks
  Hour,     \* how long the counter is kept at least
  Error,    \* of the store's clock
  Above,    \* what processes may ask for as tokenAbove
  Losses,   \* how often the store may lose what it has
  Late,     \* do renewals of claims that are over still arrive?
  PerTick,  \* how many grants there may be in one tick
  Wait,     \* is the first grant after a loss late enough?
  End,      \* the last tick
  Nobody,
  Flaw      \* "none", or what is done wrong

ASSUME Flaw \in {"none", "bare counter", "counter forgets a token ahead", "counter without an hour",
                 "counter shorter than the lease", "renew creates", "release without owner check",
                 "claim per process"}
ASSUME Error >= 0 /\ Hour > 2 * Error
ASSUME Losses > 0 => PerTick = 1

VARIABLES
  now,      \* real time
  store,    \* [lock, counter]
  replica,  \* an earlier state of the store, or what it has now
  losses,   \* how many there were
  granted,  \* when the latest grant was made
  grants,   \* how many there were in this tick
  earliest, \* when the next one may be, by what Wait assumes
  made,     \* of each process: how many claims it made
  phase,    \* of each process: "idle", "asking" or "holding"
  above,    \* of each process: its tokenAbove
  answer,   \* of each process: the latest answer on its way to it
  token,    \* of each process: of its latest lease, also when that is over
  until,    \* of each process: when that lease is over, by its own reckoning
  past,     \* of each process: the greatest token anybody had got before it began to ask
  got,      \* the tokens that were got: the greatest, and those that some claim may get again
            \* without breaking the order
  repeated, \* was one of them got twice?
  inOrder,  \* was each above what was got before its claim began to ask?
  released  \* claims whose release was executed

process == <<made, phase, above, answer, token, until, past, got, repeated, inOrder>>
vars == <<now, store, replica, losses, granted, grants, earliest, process, released>>

Max(S) == CHOOSE m \in S : \A k \in S : k <= m

Free == [claim |-> <<Nobody, 0>>, token |-> 0, until |-> 0]
NoCounter == [last |-> 0, until |-> 0]
Empty == [lock |-> Free, counter |-> NoCounter]
NoAnswer == [token |-> 0, at |-> 0]

Claim(p, k) == <<p, IF Flaw = "claim per process" THEN 1 ELSE k>>
Latest(p) == Claim(p, made[p])
(* Claims that are over: given up, lost or released. *)
Over == {<<p, k>> \in Processes \X (1..Claims) :
           k < made[p] \/ (k = made[p] /\ phase[p] = "idle")}

(* What the store may read as its time. *)
Clocks == {c \in (now - Error)..(now + Error) : c >= 0}
(* An expiry that the model does not live to see is as good as none. *)
At(instant) == IF instant > End + Error THEN End + Error + 1 ELSE instant
Lock(clock) == IF store.lock.until > clock THEN store.lock ELSE Free
Counter(clock) == IF store.counter.until > clock THEN store.counter.last ELSE 0

Init ==
  /\ now = 0
  /\ store = Empty
  /\ replica = Empty
  /\ losses = 0
  /\ granted = -1
  /\ grants = 0
  /\ earliest = 0
  /\ made = [p \in Processes |-> 0]
  /\ phase = [p \in Processes |-> "idle"]
  /\ above = [p \in Processes |-> 0]
  /\ answer = [p \in Processes |-> NoAnswer]
  /\ token = [p \in Processes |-> 0]
  /\ until = [p \in Processes |-> 0]
  /\ past = [p \in Processes |-> 0]
  /\ got = {}
  /\ repeated = FALSE
  /\ inOrder = TRUE
  /\ released = {}

(* What no longer matters is dropped here and below, for a smaller model: keys that are over by *)
(* every reading, and times that no condition can tell from none.                               *)
Kept(s) ==
  [lock |-> IF s.lock.until > now + 1 - Error THEN s.lock ELSE Free,
   counter |-> IF s.counter.until > now + 1 - Error THEN s.counter ELSE NoCounter]
Tick ==
  /\ now < End
  /\ now' = now + 1
  /\ store' = Kept(store)
  /\ replica' = Kept(replica)
  /\ grants' = 0
  /\ granted' = IF losses = Losses \/ granted + 2 * Error < now' THEN -1 ELSE granted
  /\ earliest' = IF earliest <= now' THEN 0 ELSE earliest
  /\ answer' = [p \in Processes |->
                 IF answer[p].at + Lease <= now' THEN NoAnswer ELSE answer[p]]
  /\ until' = [p \in Processes |-> IF until[p] <= now' THEN 0 ELSE until[p]]
  /\ UNCHANGED <<losses, made, phase, above, token, past, got, repeated, inOrder, released>>

(* The store drops what is over by one reading, though the next may be lower. *)
Expire ==
  /\ \E c \in Clocks :
       \/ /\ store.lock # Free /\ store.lock.until <= c
          /\ store' = [store EXCEPT !.lock = Free]
       \/ /\ store.counter # NoCounter /\ store.counter.until <= c
          /\ store' = [store EXCEPT !.counter = NoCounter]
  /\ UNCHANGED <<now, replica, losses, granted, grants, earliest, process, released>>

Replicate ==
  /\ losses < Losses
  /\ replica' = store
  /\ UNCHANGED <<now, store, losses, granted, grants, earliest, process, released>>

(* Failover to the replica, or a flush.  Only grants that are lost put off the next one. *)
Lose ==
  /\ losses < Losses
  /\ losses' = losses + 1
  /\ store' \in {replica, Empty}
  /\ replica' = IF losses' < Losses THEN store' ELSE Empty
  /\ earliest' = IF Wait /\ store'.counter # store.counter
                 THEN Max({earliest, granted + 2 * Error + 1})
                 ELSE earliest
  /\ UNCHANGED <<now, granted, grants, process, released>>

Begin(p) ==
  /\ phase[p] = "idle"
  /\ made[p] < Claims
  /\ made' = [made EXCEPT ![p] = @ + 1]
  /\ phase' = [phase EXCEPT ![p] = "asking"]
  /\ past' = [past EXCEPT ![p] = Max(got \cup {0})]
  /\ \E a \in Above : above' = [above EXCEPT ![p] = a]
  /\ UNCHANGED <<now, store, replica, losses, granted, grants, earliest, answer, token, until, got,
                 repeated, inOrder, released>>

First(p, clock) ==
  IF Flaw = "bare counter" THEN Max({Counter(clock) + 1, above[p] + 1})
                           ELSE Max({Counter(clock) + 1, above[p] + 1, clock})
Keep(first, clock) ==
  CASE Flaw = "bare counter" -> 100 * End
    [] Flaw = "counter forgets a token ahead" -> Hour + Lease
    [] Flaw = "counter without an hour" -> Max({Lease, first - clock})
    [] Flaw = "counter shorter than the lease" -> Max({1, first - clock})
    [] OTHER -> Hour + Max({Lease, first - clock})

(* A question and what the store does with it. A refusal changes nothing. *)
Ask(p) ==
  /\ phase[p] = "asking"
  /\ \E clock \in Clocks :
       LET lock == Lock(clock) IN
       \/ /\ lock = Free
          /\ now >= earliest
          /\ grants < PerTick
          /\ grants' = grants + 1
          /\ LET first == First(p, clock) IN
             /\ store' =
                  [lock |-> [claim |-> Latest(p), token |-> first, until |-> At(clock + Lease)],
                   counter |-> [last |-> first, until |-> At(clock + Keep(first, clock))]]
             /\ answer' = [answer EXCEPT ![p] = [token |-> first, at |-> now]]
          /\ granted' = IF Losses > 0 THEN now ELSE -1
       \/ /\ lock # Free
          /\ lock.claim = Latest(p)
          /\ store' = [store EXCEPT !.lock.until = At(clock + Lease)]
          /\ answer' = [answer EXCEPT ![p] = [token |-> lock.token, at |-> now]]
          /\ UNCHANGED <<granted, grants>>
  /\ UNCHANGED <<now, replica, losses, earliest, made, phase, above, token, until, past, got,
                 repeated, inOrder, released>>

(* The answer arrives before the lease is over, counted from before the question. *)
Hear(p) ==
  /\ phase[p] = "asking"
  /\ answer[p] # NoAnswer
  /\ now < answer[p].at + Lease
  /\ phase' = [phase EXCEPT ![p] = "holding"]
  /\ token' = [token EXCEPT ![p] = answer[p].token]
  /\ until' = [until EXCEPT ![p] = answer[p].at + Lease]
  /\ answer' = [answer EXCEPT ![p] = NoAnswer]
  /\ LET all == got \cup {answer[p].token} IN
     got' = {t \in all : \/ t = Max(all)
                         \/ \E q \in Processes \ {p} : phase[q] = "asking" /\ t > past[q]}
  /\ repeated' = (repeated \/ answer[p].token \in got)
  /\ inOrder' = (inOrder /\ answer[p].token > past[p])
  /\ UNCHANGED <<now, store, replica, losses, granted, grants, earliest, made, above, past,
                 released>>

(* Gives up, closes the lease, or notices its end; from then on releases are on their way. *)
Stop(p) ==
  /\ phase[p] # "idle"
  /\ phase' = [phase EXCEPT ![p] = "idle"]
  /\ answer' = [answer EXCEPT ![p] = NoAnswer]
  /\ until' = [until EXCEPT ![p] = 0]
  /\ above' = [above EXCEPT ![p] = 0]
  /\ past' = [past EXCEPT ![p] = 0]
  /\ token' = IF Flaw = "renew creates" THEN token ELSE [token EXCEPT ![p] = 0]
  /\ UNCHANGED <<now, store, replica, losses, granted, grants, earliest, made, got, repeated,
                 inOrder, released>>

(* What renew.lua leaves behind, for a claim with this token, by this clock. *)
Renewed(claim, t, clock) ==
  LET lock == Lock(clock) IN
  IF lock # Free /\ lock.claim = claim
  THEN [store EXCEPT !.lock.until = At(clock + Lease)]
  ELSE IF lock = Free /\ Flaw = "renew creates"
  THEN [store EXCEPT !.lock = [claim |-> claim, token |-> t, until |-> At(clock + Lease)]]
  ELSE store

(* A renewal, its answer heard at once.  Unheard, it is like one that arrives late. *)
Renew(p) ==
  /\ phase[p] = "holding"
  /\ now < until[p]
  /\ \E clock \in Clocks :
       /\ store' = Renewed(Latest(p), token[p], clock)
       /\ store'.lock.claim = Latest(p)
       /\ store'.lock.until = At(clock + Lease)
  /\ until' = [until EXCEPT ![p] = now + Lease]
  /\ UNCHANGED <<now, replica, losses, granted, grants, earliest, made, phase, above, answer,
                 token, past, got, repeated, inOrder, released>>

LateRenewal(p) ==
  /\ Late
  /\ made[p] > 0
  /\ phase[p] = "idle"
  /\ \E clock \in Clocks : store' = Renewed(Latest(p), token[p], clock)
  /\ store' # store
  /\ UNCHANGED <<now, replica, losses, granted, grants, earliest, process, released>>

(* The release of a claim that is over, the first time or again. *)
Release(p, k) ==
  /\ <<p, k>> \in Over
  /\ LET mine == store.lock.claim = Claim(p, k) \/ Flaw = "release without owner check" IN
     /\ store.lock # Free /\ mine
     /\ store' = [store EXCEPT !.lock = Free]
     /\ released' = IF Error = 0 THEN released \cup {Claim(p, k)} ELSE {}
  /\ UNCHANGED <<now, replica, losses, granted, grants, earliest, process>>

Next ==
  \/ Tick \/ Expire \/ Replicate \/ Lose
  \/ \E p \in Processes :
       Begin(p) \/ Ask(p) \/ Hear(p) \/ Stop(p) \/ Renew(p) \/ LateRenewal(p)
  \/ \E p \in Processes, k \in 1..Claims : Release(p, k)

Spec == Init /\ [][Next]_vars

Unique == ~repeated
RealTimeOrder == inOrder
(* The lemma behind the theorem: no token is ahead of real time by more than the clock's error. *)
Ceiling == Losses > 0 => \A t \in got : t <= now + Error \/ t <= 1
Exclusive ==
  Error = 0 /\ losses = 0 =>
    \A p, q \in Processes :
      p # q => ~(phase[p] = "holding" /\ now < until[p] /\ phase[q] = "holding" /\ now < until[q])
ReleasedStaysReleased == Error = 0 /\ losses = 0 => store.lock.claim \notin released

Alike == Permutations(Processes)
=============================================================================
