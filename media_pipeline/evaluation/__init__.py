"""How good engines are on recordings whose words somebody has written down."""
