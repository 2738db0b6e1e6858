------------------------------ MODULE WaitLine ------------------------------
(***************************************************************************)
(* The line of those who wait for a lock in one store.  The protocol is    *)
(* yet to be built, in the Redis backend; this is its rule.                *)
(*                                                                         *)
(* The lock's key is the only truth.  Absent means free, and a free lock   *)
(* goes to whoever asks.  Being in line earns one thing: a release does    *)
(* not delete the key but replaces it by a reservation for the first claim *)
(* whose place has not expired, and wakes that claim's process.  Asking    *)
(* turns one's own reservation into a grant; for all others it is a held   *)
(* lock.  A refusal gives a place, and asking again refreshes it.          *)
(*                                                                         *)
(* Checked: who believes that it holds the lock is whom the key names, and *)
(* alone; a grant is the answer to a question of its claim's own; a        *)
(* reservation is taken by nobody but its claim; a free lock is granted to *)
(* whoever asks; a claim that still waits is served in the end, though     *)
(* others die with the lock, with a reservation or with a place; and a     *)
(* reservation ends.                                                       *)
(*                                                                         *)
(* Assumed: the store does one question at a time.  A holder's own         *)
(* reckoning ends its lease before the store does (Lapse before            *)
(* KeyExpires).  Otherwise no clock: places, reservations and leases end   *)
(* at any moment, that of a live waiter, too.  Wake-ups are hints and not  *)
(* in the model: waiters ask by themselves, sooner or later.  Answers are  *)
(* lost, releases are repeated and late, processes die at any step.  For   *)
(* the last two: who lives goes on asking, holders end, releases arrive,   *)
(* and leases and reservations expire; lost answers and claims are         *)
(* finitely many, since of an endless stream of askers one may always be   *)
(* later than all others.                                                  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
  Claims,   \* each asked for until it is granted or given up
  Deaths,   \* how many processes may die
  Unheard,  \* how many answers may be lost
  Flaw      \* "none", or what is done wrong

ASSUME Flaw \in {"none", "reservation without end", "expired places count",
                 "release grants", "another's reservation", "release without owner check",
                 "line before lock"}

VARIABLES
  key,      \* <<"free">>, <<"held", claim>> or <<"reserved", claim>>
  line,     \* [claim, fresh]: the first is next; not fresh: the place has expired
  phase,    \* of each claim: "new", "waiting", "holding", "leaving", "over" or "dead"
  unheard,  \* how many answers were lost
  refused   \* was a claim refused although the lock was free?

vars == <<key, line, phase, unheard, refused>>

Free == <<"free">>
Held(c) == <<"held", c>>
Reserved(c) == <<"reserved", c>>

InLine(c) == \E i \in 1..Len(line) : line[i].claim = c
Without(c) == SelectSeq(line, LAMBDA place : place.claim # c)
Fresh == IF Flaw = "expired places count" THEN line
                                          ELSE SelectSeq(line, LAMBDA place : place.fresh)

Init ==
  /\ key = Free
  /\ line = <<>>
  /\ phase = [c \in Claims |-> "new"]
  /\ unheard = 0
  /\ refused = FALSE

(* What the store does with a question. *)
MayHave(c) ==
  \/ key = Free /\ (IF Flaw = "line before lock" /\ line # <<>> THEN line[1].claim = c ELSE TRUE)
  \/ key \in {Held(c), Reserved(c)}
  \/ Flaw = "another's reservation" /\ key[1] = "reserved"
Granted(c) ==
  /\ MayHave(c)
  /\ key' = Held(c)
  /\ line' = Without(c)
  /\ UNCHANGED refused
NotYet(c) ==
  /\ ~MayHave(c)
  /\ line' = IF InLine(c)
             THEN [i \in 1..Len(line) |->
                     IF line[i].claim = c THEN [claim |-> c, fresh |-> TRUE] ELSE line[i]]
             ELSE Append(line, [claim |-> c, fresh |-> TRUE])
  /\ refused' = (refused \/ key = Free)
  /\ UNCHANGED key

Ask(c) ==
  /\ phase[c] \in {"new", "waiting"}
  /\ \/ Granted(c) /\ phase' = [phase EXCEPT ![c] = "holding"]
     \/ NotYet(c) /\ phase' = [phase EXCEPT ![c] = "waiting"]
  /\ UNCHANGED unheard

(* The same, and the answer is lost. *)
AskUnheard(c) ==
  /\ phase[c] \in {"new", "waiting"}
  /\ unheard < Unheard
  /\ unheard' = unheard + 1
  /\ Granted(c) \/ NotYet(c)
  /\ phase' = [phase EXCEPT ![c] = "waiting"]

(* The holder closes its lease, or the waiter withdraws; the release is on its way. *)
Leave(c) ==
  /\ phase[c] = "holding"
  /\ phase' = [phase EXCEPT ![c] = "leaving"]
  /\ UNCHANGED <<key, line, unheard, refused>>
GiveUp(c) ==
  /\ phase[c] = "waiting"
  /\ phase' = [phase EXCEPT ![c] = "leaving"]
  /\ UNCHANGED <<key, line, unheard, refused>>

(* The lease is over by the holder's own reckoning. *)
Lapse(c) ==
  /\ phase[c] = "holding"
  /\ phase' = [phase EXCEPT ![c] = "over"]
  /\ UNCHANGED <<key, line, unheard, refused>>

(* A release arrives: the first time, again, or late.  It ends what is the claim's own only. *)
Release(c) ==
  /\ phase[c] \in {"leaving", "over"}
  /\ phase' = [phase EXCEPT ![c] = "over"]
  /\ LET own == \/ key \in {Held(c), Reserved(c)}
                \/ Flaw = "release without owner check" /\ key[1] = "held"
         next == SelectSeq(Fresh, LAMBDA place : place.claim # c)
     IN
     IF ~own
     THEN key' = key /\ line' = Without(c)
     ELSE IF next = <<>>
     THEN key' = Free /\ line' = <<>>
     ELSE /\ key' = IF Flaw = "release grants" THEN Held(next[1].claim)
                                               ELSE Reserved(next[1].claim)
          /\ line' = next  \* a claim with a reservation keeps its place until it is granted
  /\ UNCHANGED <<unheard, refused>>

Die(c) ==
  /\ phase[c] \in {"waiting", "holding", "leaving"}
  /\ Cardinality({d \in Claims : phase[d] = "dead"}) < Deaths
  /\ phase' = [phase EXCEPT ![c] = "dead"]
  /\ UNCHANGED <<key, line, unheard, refused>>

(* The key's end: of a lease that its holder no longer counts on, or of a reservation. *)
LeaseExpires ==
  /\ \E c \in Claims : key = Held(c) /\ phase[c] # "holding"
  /\ key' = Free
  /\ UNCHANGED <<line, phase, unheard, refused>>
ReservationExpires ==
  /\ \E c \in Claims : key = Reserved(c)
  /\ Flaw \notin {"reservation without end", "expired places count"}
  /\ key' = Free
  /\ UNCHANGED <<line, phase, unheard, refused>>
PlaceExpires(c) ==
  /\ \E i \in 1..Len(line) :
       /\ line[i].claim = c
       /\ line[i].fresh
       /\ line' = [line EXCEPT ![i].fresh = FALSE]
  /\ UNCHANGED <<key, phase, unheard, refused>>

Next ==
  \/ LeaseExpires \/ ReservationExpires
  \/ \E c \in Claims :
       Ask(c) \/ AskUnheard(c) \/ Leave(c) \/ GiveUp(c) \/ Lapse(c) \/ Release(c) \/ Die(c)
         \/ PlaceExpires(c)

Fair ==
  /\ WF_vars(LeaseExpires) /\ WF_vars(ReservationExpires)
  /\ \A c \in Claims :
       WF_vars(phase[c] = "waiting" /\ Ask(c)) /\ WF_vars(Leave(c))
         /\ WF_vars(phase[c] = "leaving" /\ Release(c))

Spec == Init /\ [][Next]_vars /\ Fair

(* Alone, and named by the key. *)
Exclusive == \A c \in Claims : phase[c] = "holding" => key = Held(c)
(* No refusal of a free lock. *)
FreeIsGranted == ~refused
(* Only a question turns the key into a grant, and that of a reservation only its claim's. *)
GrantIsAnAnswer ==
  [][\A c \in Claims : key' = Held(c) /\ key # key' =>
       /\ phase[c] \in {"new", "waiting"}
       /\ phase'[c] \in {"holding", "waiting"}
       /\ \A d \in Claims \ {c} : phase'[d] = phase[d]]_vars
ReservationIsKept ==
  [][\A c \in Claims : key = Reserved(c) => \A d \in Claims \ {c} : key' # Held(d)]_vars

EveryWaiterIsServed == \A c \in Claims : phase[c] = "waiting" ~> phase[c] # "waiting"
ReservationEnds == \A c \in Claims : key = Reserved(c) ~> key # Reserved(c)
=============================================================================
