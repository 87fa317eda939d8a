"""EKC (ЕКЦ): a contact-centre engine on Asterisk for citizens' hotlines."""

__version__ = "0.1.0"
